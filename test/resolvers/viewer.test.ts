import { describe, expect, onTestFinished } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { it } from '../support/it.ts';
import { startIssuer } from '../support/issuer.ts';

const VIEWER = '{ viewer { canSubmit upstream } }';

describe('viewer', () => {
  it.for([
    [{}, { canSubmit: true, upstream: 'EMULATOR' }],
    [{ ALLOW_SUBMIT: 'false' }, { canSubmit: false, upstream: 'EMULATOR' }],
    [{ UPSTREAM: 'ice' }, { canSubmit: false, upstream: 'ICE' }],
    [
      { UPSTREAM: 'ice', ALLOW_SUBMIT: 'true' },
      { canSubmit: true, upstream: 'ICE' },
    ],
  ] as const)('tells with %j whether jobs are submitted, and to what', async ([env, viewer]) => {
    const gateway = await startGateway({ env });
    onTestFinished(() => gateway.close());
    const { data, errors } = await gateway.query(VIEWER);
    expect([data, errors]).toEqual([{ viewer }, undefined]);
    expect(gateway.emulator.countRequests()).toBe(0);
  });

  it('is what a submission then meets, whatever the token says, and needs no scope', async () => {
    const issuer = await startIssuer();
    const gateway = await startGateway({ env: { ...issuer.env, OWNER_CLAIM: 'sub', OWNER_FIELD: 'owner' } });
    onTestFinished(() => Promise.all([gateway.close(), issuer.close()]).then(() => undefined));
    const media = '{ type: OSS, media: "oss://bucket/key" }';
    const submit = `mutation { submitPackageJob(input: { inputs: [${media}], output: ${media} }) { packageJob { id } } }`;
    const seen = [];
    for (const claims of [
      { sub: 'alice', scope: 'jobs:submit' },
      { sub: 'alice', scope: 'jobs:read' },
      { sub: 'alice', scope: '' },
      { sub: undefined, scope: 'jobs:read jobs:submit' },
      { sub: 'alice', scope: 'jobs:read jobs:submit', job_ids: ['a'] },
      { sub: 'bob', scope: 'jobs:read jobs:submit' },
    ]) {
      const headers = await issuer.bearer(claims);
      // The second time, a response could come from memory.
      const answers = [await gateway.query(VIEWER, {}, headers), await gateway.query(VIEWER, {}, headers)];
      const submitted = await gateway.query(submit, {}, headers);
      expect(answers.map(({ data }) => data)).toEqual([answers[0]?.data, answers[0]?.data]);
      seen.push([answers[0]?.data?.['viewer'], submitted.errors?.[0]?.extensions['code']]);
    }
    const can = [{ canSubmit: true, upstream: 'EMULATOR' }, undefined];
    const cannot = [{ canSubmit: false, upstream: 'EMULATOR' }, 'FORBIDDEN'];
    expect(seen).toEqual([can, cannot, cannot, cannot, cannot, can]);
  });

  it('is asked for anew where a response is stored, as a gateway can come back with other settings', async ({
    gateway,
  }) => {
    const job = 'packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { id }';
    for (const query of [VIEWER, `{ ${job} viewer { canSubmit } }`]) {
      const response = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { 'content-type': 'application/json' },
      });
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    }
  });
});
