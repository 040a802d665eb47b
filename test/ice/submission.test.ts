import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeQuery } from '../../src/ice/sign.ts';
import { submissionParameters, type IceSubmission } from '../../src/ice/submission.ts';

interface Recorded {
  readonly name: string;
  readonly action: string;
  readonly params: Record<string, string>;
  readonly request: { readonly path: string };
}

const recorded = (
  JSON.parse(readFileSync(new URL('../vectors/requests.json', import.meta.url), 'utf8')) as Recorded[]
).filter(({ action }) => action === 'SubmitPackageJob');

/** What every recorded request submits. */
const RECORDED: IceSubmission = {
  inputs: [{ type: 'OSS', media: "oss://bucket/path/to/视频 (1)*~'!+&=%.mp4" }],
  output: { type: 'OSS', media: 'oss://bucket/path/to/video.m3u8' },
  name: "job name*~'!()+&=é打包",
  pipelineId: 'e37ebee5d98b4781897f6086e89f9c56',
  priority: 5,
  userData: '{"param": "value"}',
};

describe('submissionParameters', () => {
  it('is tested on every SubmitPackageJob recorded', () => {
    expect(recorded).toHaveLength(12);
  });

  it.for(recorded)('are those the official client sent: $name', ({ params }) => {
    expect(submissionParameters(RECORDED)).toEqual(params);
  });

  it('stand in the query string as the official client wrote them', () => {
    const { request } = recorded.find(
      ({ name }) => name === 'openapi-core-1.0.8-v3-query.ak.SubmitPackageJob',
    ) ?? {
      request: { path: '' },
    };
    const { searchParams } = new URL(request.path, 'http://host');
    const ours = new URLSearchParams(encodeQuery(submissionParameters(RECORDED)));
    for (const [name, value] of ours) expect(searchParams.get(name)).toBe(value);
  });

  it('leaves out what is left to ICE', () => {
    const open = { ...RECORDED, name: null, pipelineId: null, priority: null, userData: null };
    expect(Object.keys(submissionParameters(open))).toEqual(['Inputs', 'Output']);
    expect(submissionParameters({ ...open, priority: 1 })['ScheduleConfig']).toBe('{"Priority":1}');
    expect(submissionParameters({ ...open, pipelineId: 'p' })['ScheduleConfig']).toBe('{"PipelineId":"p"}');
  });

  it('names a media-library object as ICE does', () => {
    const { Inputs } = submissionParameters({ ...RECORDED, inputs: [{ type: 'MEDIA', media: '5b25' }] });
    expect(Inputs).toBe('[{"Input":{"Media":"5b25","Type":"Media"}}]');
  });
});
