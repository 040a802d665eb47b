import { describe, expect, it } from 'vitest';
import {
  canonicalQuery,
  isSameSignature,
  parseAuthorization,
  sha256,
  signV1,
  signV3,
  strictEncode,
  unsignedHeaders,
} from '../../src/emulator/signature.ts';
import { PUBLISHED_V1, PUBLISHED_V3 } from './support/vectors.ts';

describe('signV1', () => {
  it('returns the published signature of DescribeDedicatedHosts', () => {
    const { method, params, accessKeySecret, stringToSign, signature } = PUBLISHED_V1;
    const signed = signV1({ method, parameters: Object.entries(params) }, accessKeySecret);
    expect(signed).toEqual({ stringToSign, signature });
  });

  it('does not sign the Signature parameter', () => {
    const parameters = Object.entries(PUBLISHED_V1.params);
    const withSignature = signV1(
      { method: 'GET', parameters: [...parameters, ['Signature', 'x']] },
      'secret',
    );
    expect(withSignature).toEqual(signV1({ method: 'GET', parameters }, 'secret'));
  });
});

describe('signV3', () => {
  it('returns the published signature of RunInstances', () => {
    const { method, path, headers, accessKeySecret } = PUBLISHED_V3;
    const query = [...new URL(path, 'http://localhost').searchParams];
    const input = {
      method,
      path: '/',
      query,
      headers,
      signedHeaders: Object.keys(headers),
      body: Buffer.alloc(0),
    };
    const signed = signV3(input, accessKeySecret);
    expect(signed.canonicalRequest).toBe(PUBLISHED_V3.canonicalRequest);
    expect(signed.stringToSign).toBe(`ACS3-HMAC-SHA256\n${PUBLISHED_V3.hashedCanonicalRequest}`);
    expect(signed.signature).toBe(PUBLISHED_V3.signature);
  });
});

describe('strictEncode', () => {
  it('keeps the unreserved characters of RFC 3986 and nothing else', () => {
    const ascii = Array.from({ length: 95 }, (_, index) => String.fromCodePoint(index + 32));
    const kept = ascii.filter((character) => strictEncode(character) === character).join('');
    expect(kept).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
  });

  it.for([
    [' ', '%20'],
    ['*', '%2A'],
    ["!'()", '%21%27%28%29'],
    ['é打', '%C3%A9%E6%89%93'],
    ['\uD800', '%EF%BF%BD'],
  ] as const)('encodes %j as %s', ([text, encoded]) => {
    expect(strictEncode(text)).toBe(encoded);
  });
});

describe('canonicalQuery', () => {
  it('sorts by name in byte order and writes an empty value as name=', () => {
    expect(
      canonicalQuery([
        ['b', ''],
        ['a', '1'],
        ['B', '2'],
      ]),
    ).toBe('B=2&a=1&b=');
  });
});

describe('parseAuthorization', () => {
  it('reads the three parts', () => {
    const text = 'ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=abc';
    const parts = { accessKeyId: 'id', signedHeaders: ['host', 'x-acs-date'], signature: 'abc' };
    expect(parseAuthorization(text)).toEqual(parts);
  });

  it.for(['', 'ACS3-HMAC-SHA256', 'ACS3-HMAC-SHA256 Credential=id,Signature=abc', 'Bearer Credential=a'])(
    'returns undefined for %j',
    (text) => {
      expect(parseAuthorization(text)).toBeUndefined();
    },
  );
});

describe('unsignedHeaders', () => {
  it('names required headers and every x-acs header that was sent', () => {
    const signed = ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce'];
    expect(unsignedHeaders({ accept: '*/*', 'x-acs-extra': '1' }, signed)).toEqual([
      'x-acs-version',
      'x-acs-extra',
    ]);
  });
});

describe('isSameSignature', () => {
  it('compares texts of different lengths', () => {
    expect(isSameSignature('abc', 'abc')).toBe(true);
    expect(isSameSignature('abc', 'abd')).toBe(false);
    expect(isSameSignature('abc', 'abcd')).toBe(false);
  });
});

describe('sha256', () => {
  it('is lower-case hex', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
