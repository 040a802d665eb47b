import { expect, it } from 'vitest';
import { hunt } from './support/hunt.ts';

it(
  'no bearer sees what it may not see, in 1,000 steps by all ways and transports',
  { timeout: 180_000 },
  async () => {
    expect(await hunt(1000)).toBe(1000);
  },
);
