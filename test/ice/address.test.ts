import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/ice/address.ts';

/** What the URL Standard makes of an address. */
function standard(text: string): string | null {
  const url = URL.parse(text);
  return url !== null && url.host !== '' && /^(?:https?|oss):$/.test(url.protocol) ? url.href : null;
}

const label = fc.stringMatching(/^(?:[a-zA-Z\d-]{1,8}|xn--[a-z\d-]{0,6}|0x[\da-f]{1,3}|\d{1,3})$/);
const segment = fc.stringMatching(/^(?:[\w.~-]{0,6}|\.{1,3}|%2[eE]|[ -~]{0,4}|[é任])$/);
const address = fc
  .tuple(
    fc.constantFrom('http', 'https', 'oss', 'OSS', 'ftp', 'javascript'),
    fc.array(label, { minLength: 0, maxLength: 4 }),
    fc.constantFrom('', '.com', '.aliyuncs.com', ':80', '.com:443', '.'),
    fc.array(segment, { maxLength: 4 }),
    fc.constantFrom('', '/', '?a=b', '#a', '\n'),
  )
  .map(
    ([scheme, labels, end, segments, rest]) =>
      `${scheme}://${labels.join('.')}${end}${segments.map((part) => `/${part}`).join('')}${rest}`,
  );

describe('an address', () => {
  it('is written as the URL Standard writes it, usual or not', () => {
    fc.assert(
      fc.property(address, (text) => {
        expect(parseAddress(text)).toBe(standard(text));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['oss://bucket/path/to/a.mp4', 'oss://bucket/path/to/a.mp4'],
    ['http://bucket.oss-cn-shanghai.aliyuncs.com/a.mp4', 'http://bucket.oss-cn-shanghai.aliyuncs.com/a.mp4'],
    ['https://a.com/a/../b', 'https://a.com/b'],
    ['https://a.com/.', 'https://a.com/'],
    ['https://1.2.com/a', 'https://1.2.com/a'],
  ])('is read from %s', (text, expected) => {
    expect(parseAddress(text)).toBe(expected);
  });
});
