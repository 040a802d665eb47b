import { describe, expect } from 'vitest';
import { it } from '../../support/it.ts';

describe('a browser that was tricked', () => {
  const DOCUMENT =
    'mutation { submitPackageJob(input: { inputs: [{ type: OSS, media: "oss://b/a" }], output: { type: OSS, media: "oss://b/b" } }) { packageJob { id } } }';
  const search = new URLSearchParams({ query: DOCUMENT }).toString();

  it.for<[string, string, RequestInit, number]>([
    ['a link', `?${search}`, {}, 400],
    ['a GET with a header', `?${search}`, { headers: { 'apollo-require-preflight': '1' } }, 405],
    ['a form', '', { method: 'POST', body: new URLSearchParams({ query: DOCUMENT }) }, 415],
    ['a text', '', { method: 'POST', body: JSON.stringify({ query: DOCUMENT }) }, 415],
    [
      'a body without a type',
      '',
      { method: 'POST', body: new Blob([JSON.stringify({ query: DOCUMENT })]) },
      415,
    ],
  ])('submits nothing by %s', async ([, path, init, status], { gateway }) => {
    const response = await fetch(`${gateway.url}/graphql${path}`, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    expect(gateway.emulator.countRequests()).toBe(0);
  });
});
