import { describe, expect, it } from 'vitest';
import { readSubmission, type SubmissionArgument } from '../../../src/jobs/submit/submission.ts';

const OSS = { type: 'OSS', media: 'oss://bucket/video.mp4' } as const;
const MINIMAL: SubmissionArgument = { inputs: [OSS], output: OSS };
const URL_RULE =
  'must be an oss:// or http(s):// URL with a bucket or host and an object key where `type` is OSS';

const withMedia = (media: string): SubmissionArgument => ({ ...MINIMAL, inputs: [{ type: 'OSS', media }] });

const withKey = (length: number) => readSubmission('input', withMedia(`oss://bucket/${'k'.repeat(length)}`));

describe('readSubmission', () => {
  it('leaves open what is not given', () => {
    const open = { name: null, pipelineId: null, priority: null, userData: null };
    expect(readSubmission('input', MINIMAL)).toEqual({ ...MINIMAL, ...open });
    expect(readSubmission('input', { ...MINIMAL, ...open, userData: '' })).toEqual({ ...MINIMAL, ...open });
  });

  it.for([
    'oss://bucket/key',
    "oss://bucket/path/to/视频 (1)*~'!+&=%.mp4",
    'oss://bucket/?',
    'oss://bucket.oss-cn-shanghai.aliyuncs.com/key',
    'http://bucket.oss-cn-shanghai.aliyuncs.com/key',
    'https://media.example.com/path/key?versionId=1',
  ])('accepts the address %s', (media) => {
    expect(readSubmission('input', withMedia(media)).inputs).toEqual([{ type: 'OSS', media }]);
  });

  it.for([
    '',
    'video.mp4',
    'oss://',
    'oss://bucket',
    'oss://bucket/',
    'oss:///key',
    'https://host/',
    'https://host/?key',
    'https://host/#key',
    'https://ho st/key',
    'ftp://host/key',
    'OSS://bucket/key',
    ' oss://bucket/key',
    'ab4802364a2e49208c99efab82dfa8e8',
  ])('refuses the address %j', (media) => {
    expect(() => readSubmission('input', withMedia(media))).toThrow(`\`input.inputs[0].media\` ${URL_RULE}`);
  });

  it('accepts the most of everything', () => {
    const most: SubmissionArgument = {
      inputs: Array.from({ length: 10 }, () => ({ type: 'MEDIA', media: 'm'.repeat(128) })),
      output: { type: 'MEDIA', media: 'm'.repeat(128) },
      name: '🎬'.repeat(256),
      pipelineId: 'p'.repeat(64),
      priority: 10,
      userData: 'u'.repeat(1024),
    };
    expect(readSubmission('input', most)).toEqual(most);
    const many = Array.from({ length: 100 }, () => ({ type: 'MEDIA', media: 'm' }) as const);
    expect(readSubmission('input', { inputs: many, output: OSS }).inputs).toHaveLength(100);
  });

  it('counts all parameters as the query string encodes them', () => {
    const { length } = encodeURIComponent('[{"Input":{"Media":"oss://bucket/","Type":"OSS"}}]');
    const output = encodeURIComponent('{"Media":"oss://bucket/video.mp4","Type":"OSS"}').length;
    const room = 8192 - ('Inputs='.length + length + '&Output='.length + output);
    expect(withKey(room).inputs).toHaveLength(1);
    expect(() => withKey(room + 1)).toThrow(
      '`input` must take at most 8192 bytes in a query string, takes 8193',
    );
  });
});
