import { describe, expect, it } from 'vitest';
import { preferredWaitSeconds } from '../../../src/server/transports/prefer.ts';

describe('Prefer', () => {
  it.for([
    ['wait=10', 10],
    ['respond-async, wait=10', 10],
    ['WAIT = "10"; foo=bar', 10],
    ['wait=5, wait=9', 5],
    ['wait=56', 55],
    ['wait=999999999', 55],
  ] as const)('%s is a wait of %i seconds', ([header, seconds]) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });

  it.for([undefined, '', 'wait', 'wait=0', 'wait=-1', 'wait=1.5', 'wait=ten', 'await=10', 'respond-async'])(
    '%s is none',
    (header) => {
      expect(preferredWaitSeconds(header)).toBeUndefined();
    },
  );
});
