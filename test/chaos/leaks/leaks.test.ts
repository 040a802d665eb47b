import { expect, it } from 'vitest';
import { hunt } from './support/hunt.ts';

it(
  'no bearer sees what it may not see, in 1,000 steps by all ways and transports, while tokens end and are renewed',
  { timeout: 180_000 },
  async () => {
    const { steps, ended, unmodified } = await hunt(1000);
    expect([steps, ended > 0, unmodified > 0]).toEqual([1000, true, true]);
  },
);
