import { describe, expect, it } from 'vitest';
import { createBudget } from '../../src/ice/budget.ts';

/** A call that ends when it is told to. */
function pending() {
  const { promise, resolve } = Promise.withResolvers<string>();
  let begun = false;
  const task = () => {
    begun = true;
    return promise;
  };
  return { task, end: () => resolve('done'), isBegun: () => begun };
}

const FOREVER = new AbortController().signal;

describe('createBudget', () => {
  it('never runs more calls at once than allowed, and starts the waiting ones in order', async () => {
    const budget = createBudget({ callsPerSecond: 1000, maxConcurrency: 2 });
    const calls = [pending(), pending(), pending(), pending()];
    const results = calls.map(({ task }) => budget.run('GetPackageJob', FOREVER, task));
    expect(calls.map((call) => call.isBegun())).toEqual([true, true, false, false]);
    calls[0]?.end();
    await results[0];
    await expect.poll(() => calls.map((call) => call.isBegun())).toEqual([true, true, true, false]);
    for (const call of calls) call.end();
    await expect(Promise.all(results)).resolves.toEqual(['done', 'done', 'done', 'done']);
  });

  it('starts no more calls in a second than allowed', async () => {
    const budget = createBudget({ callsPerSecond: 5, maxConcurrency: 100 });
    const startedAt: number[] = [];
    const call = () =>
      budget.run('GetPackageJob', FOREVER, () => Promise.resolve(startedAt.push(performance.now())));
    await Promise.all(Array.from({ length: 11 }, call));
    // Timers may fire a millisecond early.
    for (const [index, at] of startedAt.slice(5).entries())
      expect(at - (startedAt[index] ?? at)).toBeGreaterThan(990);
  });

  it('refuses at once, with OVERLOADED, when the queue is full', async () => {
    const budget = createBudget({ callsPerSecond: 1000, maxConcurrency: 1, maxQueued: 1 });
    const [first, second] = [pending(), pending()];
    const results = [first, second].map(({ task }) => budget.run('GetPackageJob', FOREVER, task));
    await expect(budget.run('GetPackageJob', FOREVER, pending().task)).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { retryAfterMs: 1000 },
    });
    first.end();
    second.end();
    await Promise.all(results);
  });

  it('takes a call out of the queue when its signal aborts, with OVERLOADED', async () => {
    const budget = createBudget({ callsPerSecond: 1000, maxConcurrency: 1 });
    const [running, waiting] = [pending(), pending()];
    const result = budget.run('GetPackageJob', FOREVER, running.task);
    const controller = new AbortController();
    const refused = budget.run('GetPackageJob', controller.signal, waiting.task);
    controller.abort();
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED' });
    running.end();
    await result;
    expect(waiting.isBegun()).toBe(false);
  });

  it('leaves it to a running call how it ends when its signal aborts', async () => {
    const budget = createBudget({ callsPerSecond: 1000, maxConcurrency: 1 });
    const call = pending();
    const controller = new AbortController();
    const result = budget.run('GetPackageJob', controller.signal, call.task);
    controller.abort();
    call.end();
    await expect(result).resolves.toBe('done');
  });

  it('passes a failed call on and goes on', async () => {
    const budget = createBudget({ callsPerSecond: 1000, maxConcurrency: 1 });
    await expect(
      budget.run('GetPackageJob', FOREVER, () => Promise.reject(new TypeError('bug'))),
    ).rejects.toThrow('bug');
    await expect(budget.run('GetPackageJob', FOREVER, () => Promise.resolve(1))).resolves.toBe(1);
  });
});
