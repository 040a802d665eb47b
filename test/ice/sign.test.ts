import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalRequest, encodeQuery, signHeaders } from '../../src/ice/sign.ts';

interface Recorded {
  readonly name: string;
  readonly action: string;
  readonly version: string;
  readonly credentials: { accessKeyId: string; accessKeySecret: string; securityToken?: string };
  readonly request: { method: 'GET' | 'POST'; path: string; headers: Record<string, string>; body: string };
  readonly expected: { signatureVersion: string; canonicalRequest?: string; signature: string };
}

const vector = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));

const recorded = (vector('requests') as Recorded[]).filter(
  ({ expected }) => expected.canonicalRequest !== undefined,
);

/** The recorded request, taken apart into what a caller of the signer knows. */
function inputOf({ action, version, request }: Recorded) {
  const { host = '', ...headers } = request.headers;
  const ours = new Set([
    'authorization',
    'x-acs-action',
    'x-acs-version',
    'x-acs-date',
    'x-acs-signature-nonce',
    'x-acs-content-sha256',
    'x-acs-accesskey-id',
    'x-acs-security-token',
  ]);
  return {
    method: request.method,
    host,
    action,
    version,
    query: Object.fromEntries(new URL(request.path, 'http://host').searchParams),
    body: request.body,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name))),
    at: new Date(headers['x-acs-date'] ?? ''),
    nonce: headers['x-acs-signature-nonce'] ?? '',
  };
}

describe('signHeaders', () => {
  it('is tested on every V3 request recorded', () => {
    expect(recorded).toHaveLength(19);
  });

  it.for(recorded)('signs as the official client did: $name', (example) => {
    const headers = signHeaders(inputOf(example), example.credentials);
    expect(headers['authorization']).toBe(example.request.headers['authorization']);
    expect(headers['authorization']).toContain(`Signature=${example.expected.signature}`);
  });

  it.for(recorded)('builds the canonical request of: $name', (example) => {
    const { authorization: _, ...headers } = example.request.headers;
    const { query, method } = inputOf(example);
    expect(canonicalRequest(method, query, headers).text).toBe(example.expected.canonicalRequest);
  });

  it('signs the published example as published', () => {
    const example = vector('published-v3-RunInstances') as {
      accessKeyId: string;
      accessKeySecret: string;
      path: string;
      headers: Record<string, string>;
      signature: string;
    };
    const headers = signHeaders(
      {
        method: 'POST',
        host: example.headers['host'] ?? '',
        action: 'RunInstances',
        version: '2014-05-26',
        query: Object.fromEntries(new URL(example.path, 'http://host').searchParams),
        at: new Date('2023-10-26T10:22:32Z'),
        nonce: example.headers['x-acs-signature-nonce'] ?? '',
      },
      example,
    );
    expect(headers['authorization']).toMatch(new RegExp(`Signature=${example.signature}$`));
  });

  it('is pure: equal input gives equal output, and the input is left as it was', () => {
    const [example] = recorded as [Recorded];
    const input = Object.freeze(inputOf(example));
    expect(signHeaders(input, example.credentials)).toEqual(signHeaders(input, example.credentials));
  });

  it('throws a RangeError for an invalid date', () => {
    const [example] = recorded as [Recorded];
    expect(() => signHeaders({ ...inputOf(example), at: new Date('') }, example.credentials)).toThrow(
      RangeError,
    );
  });
});

describe('encodeQuery', () => {
  it('encodes everything but the unreserved characters of RFC 3986, in UTF-8 and upper case', () => {
    expect(encodeQuery({ a: "A-z_0.9~ !'()*+&=%é打" })).toBe(
      'a=A-z_0.9~%20%21%27%28%29%2A%2B%26%3D%25%C3%A9%E6%89%93',
    );
  });

  it('sorts by name, in the order of code units', () => {
    expect(encodeQuery({ b: '1', B: '2', a: '3', aa: '' })).toBe('B=2&a=3&aa=&b=1');
  });
});
