import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('RATE_LIMIT', () => {
  it.for([
    ['10000/60', { cost: 10_000, seconds: 60 }],
    ['999999999/86400', { cost: 999_999_999, seconds: 86_400 }],
    ['1/1', { cost: 1, seconds: 1 }],
  ] as const)('is a cost and its seconds: %s', ([text, rateLimit]) => {
    expect(readConfig({ RATE_LIMIT: text }).rateLimit).toEqual(rateLimit);
  });

  it('is none by default', () => {
    expect(readConfig({}).rateLimit).toBeUndefined();
  });

  it.for(['100', '0/60', '100/0', '100/86401', '100/1m', '1e3/60', '1000000000/60', ' 1/1', '-1/1'])(
    'that is %j is refused',
    (text) => {
      expect(() => readConfig({ RATE_LIMIT: text })).toThrow(
        `RATE_LIMIT must be <cost>/<seconds> such as 10000/60, 1 to 999999999 in 1 to 86400 s, got "${text}"`,
      );
    },
  );

  it('that is empty is refused', () => {
    expect(() => readConfig({ RATE_LIMIT: '' })).toThrow(/RATE_LIMIT must be .*, got an empty value/);
  });
});
