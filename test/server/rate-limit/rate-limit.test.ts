import { describe, expect, it } from 'vitest';
import { createBuckets, type Buckets } from '../../../src/server/rate-limit/buckets.ts';
import { createRateLimit } from '../../../src/server/rate-limit/rate-limit.ts';
import { remote } from './support/remote.ts';

const POLICY = { cost: 100, seconds: 10 };
const CLIENT = { key: '192.0.2.1' };

const BUCKETS: readonly [string, (buckets: Buckets) => Buckets][] = [
  ['in memory', (buckets) => buckets],
  ['that have to ask others', remote],
];

describe.for(BUCKETS)('with buckets %s, an operation', ([name, wrap]) => {
  const start = () => createRateLimit(POLICY, wrap(createBuckets(POLICY, () => 0)));

  it('is charged at once if that can be', () => {
    const isPromise = start().begin(CLIENT) instanceof Promise;
    expect(isPromise).toBe(name !== 'in memory');
  });

  it('is charged 1, then what it costs, and gets back what it did not come to', async () => {
    const charge = await start().begin(CLIENT);
    expect(charge.left).toBe(99);
    await charge.raise(40);
    expect(charge.left).toBe(60);
    await charge.settle(7);
    expect(charge.left).toBe(93);
    await charge.settle(9);
    expect(charge.left).toBe(93);
    expect(charge.refusal).toBeUndefined();
  });

  it('that its client has too little for is refused, costs nothing, and can come when it is told', async () => {
    const limit = start();
    const first = await limit.begin(CLIENT);
    await first.raise(90);
    const second = await limit.begin(CLIENT);
    await expect(async () => second.raise(12)).rejects.toMatchObject({
      policy: 'RATE_LIMIT',
      retryAfterMs: 200,
      message: 'You may use 100 in 10 s and have 10 left; this costs 12',
    });
    await expect.poll(() => second.left).toBe(10);
    const third = await limit.begin(CLIENT);
    await third.raise(10);
    expect(third.left).toBe(0);
    const fourth = await limit.begin(CLIENT);
    expect(fourth.refusal).toMatchObject({
      retryAfterMs: 100,
      message: 'You may use 100 in 10 s and have 0 left; this costs at least 1',
    });
    expect((await limit.begin({ key: '192.0.2.2' })).left).toBe(99);
  });
});
