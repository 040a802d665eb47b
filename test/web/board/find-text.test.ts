import { describe, expect, it } from 'vitest';
import { idOf, isWanted, readWanted, withoutSecrets } from '../../../web/board/find-text.ts';
import type { Job } from '../../../web/board/loaded-jobs.ts';

const ID = 'ab4802364a2e49208c99efab82dfa8e8';

const mediaOf = (media: string) => ({ type: 'OSS', media, fileName: null }) as const;

function jobOf(input: string, output: string): Job {
  return {
    id: ID,
    name: 'Harbour Lights',
    status: 'SUCCESS',
    statusRaw: null,
    isFinished: true,
    code: null,
    message: null,
    createTime: null,
    submitTime: null,
    finishTime: null,
    inputs: [mediaOf(input)],
    output: mediaOf(output),
  };
}

describe('what is looked for', () => {
  const variables = encodeURIComponent(JSON.stringify({ id: 'of-the-ide' }));

  it.for([
    [` ${ID} `, { kind: 'id', id: ID }],
    ['http://127.0.0.1:4000/board?status=FAIL&job=mine', { kind: 'id', id: 'mine' }],
    [`http://127.0.0.1:4000/?query=x&variables=${variables}`, { kind: 'id', id: 'of-the-ide' }],
    ['oss://bucket/a%20b/c.mp4', { kind: 'file', bucket: 'bucket', key: '/a b/c.mp4' }],
    ['oss://bucket/a b/c.mp4', { kind: 'file', bucket: 'bucket', key: '/a b/c.mp4' }],
    ['https://bucket.oss-cn-x.aliyuncs.com/c.mp4?x=1', { kind: 'file', bucket: 'bucket', key: '/c.mp4' }],
    ['https://cdn.example.com/c.mp4', { kind: 'file', bucket: undefined, key: '/c.mp4' }],
    ['http://host/%E0%A4%A?variables={', { kind: 'file', bucket: undefined, key: '/%E0%A4%A' }],
    ['harbour', { kind: 'text', text: 'harbour' }],
    ['episode: 12', { kind: 'text', text: 'episode: 12' }],
  ] as const)('is read from %s', ([typed, wanted]) => {
    expect(readWanted(typed)).toEqual(wanted);
  });

  it.for([
    ['HARBOUR', true],
    [ID.slice(0, 6), true],
    [ID, true],
    ['kitchen', false],
    ['oss://bucket/in put.mp4', true],
    ['oss://other/in put.mp4', false],
    ['https://cdn.example.com/in%20put.mp4', true],
    ['https://bucket.oss-cn-x.aliyuncs.com/out.m3u8?Signature=x', true],
    ['oss://bucket/out', false],
  ] as const)('by %s is a job: %s', ([typed, isFound]) => {
    const job = jobOf('oss://bucket/in%20put.mp4', 'https://bucket.oss-cn-x.aliyuncs.com/out.m3u8');
    expect(isWanted(readWanted(typed), job)).toBe(isFound);
  });

  it('can be an id where it has no spaces', () => {
    expect(idOf(readWanted('ab48****'))).toBe('ab48****');
    expect(idOf(readWanted('two words'))).toBeUndefined();
    expect(idOf(readWanted('oss://bucket/key'))).toBeUndefined();
  });

  it('loses the signature of a file, and nothing else', () => {
    expect(withoutSecrets('https://b.oss-cn-x.aliyuncs.com/a.mp4?Signature=x')).toBe(
      'https://b.oss-cn-x.aliyuncs.com/a.mp4',
    );
    expect(withoutSecrets('http://host/board?job=mine')).toBe('http://host/board?job=mine');
    expect(withoutSecrets('what?')).toBe('what?');
  });
});
