import { describe, expect, it } from 'vitest';
import { Askers } from '../../src/ice/askers.ts';
import { createBudget, type BudgetOptions } from '../../src/ice/budget.ts';
import { IceError } from '../../src/ice/errors.ts';

const signal = new AbortController().signal;
const ann = { client: 'ann', turnKey: {} };
const bob = { client: 'bob', turnKey: {} };

const setUp = (options: Partial<BudgetOptions> = {}) =>
  createBudget({
    action: 'GetPackageJob',
    callsPerSecond: 1000,
    maxConcurrency: 1,
    maxQueued: 10_000,
    maxQueuedOfClient: 10_000,
    ...options,
  });

/** A call that ends when it is told to. */
function pending() {
  const { promise, resolve } = Promise.withResolvers<string>();
  let hasBegun = false;
  const task = () => {
    hasBegun = true;
    return promise;
  };
  return { task, end: () => resolve('done'), hasBegun: () => hasBegun };
}

const countTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('createBudget', () => {
  it('never runs more calls at once than allowed, and starts the waiting ones in order', async () => {
    const budget = setUp({ maxConcurrency: 2 });
    const calls = [pending(), pending(), pending(), pending()];
    const results = calls.map(({ task }) => budget.run({ signal, ...ann }, task));
    await expect.poll(() => calls.map((call) => call.hasBegun())).toEqual([true, true, false, false]);
    calls[0]?.end();
    await results[0];
    await expect.poll(() => calls.map((call) => call.hasBegun())).toEqual([true, true, true, false]);
    for (const call of calls) call.end();
    await expect(Promise.all(results)).resolves.toEqual(['done', 'done', 'done', 'done']);
  });

  it('runs the one call of a caller second when another has a hundred waiting', async () => {
    const budget = setUp();
    const order: string[] = [];
    const call = (name: string, asker: typeof ann) =>
      budget.run({ signal, ...asker }, () => Promise.resolve(order.push(name)));
    const many = Array.from({ length: 100 }, (_, index) => call(`ann ${index}`, ann));
    await Promise.all([...many, call('bob', bob)]);
    expect(order.indexOf('bob')).toBe(1);
    expect(order.filter((name) => name !== 'bob')).toEqual(many.map((_, index) => `ann ${index}`));
  });

  it('starts no more calls in any second than allowed', async () => {
    const budget = setUp({ callsPerSecond: 5, maxConcurrency: 100 });
    const startedAt: number[] = [];
    const call = () =>
      budget.run({ signal, ...ann }, () => Promise.resolve(startedAt.push(performance.now())));
    await Promise.all(Array.from({ length: 11 }, call));
    for (const [index, at] of startedAt.slice(5).entries())
      expect(at - (startedAt[index] ?? at)).toBeGreaterThan(1000);
  });

  it('starts few calls in one turn of the event loop, and the others in the turns after it', async () => {
    const budget = setUp({ maxConcurrency: 100 });
    const startedIn: number[] = [];
    let turn = 0;
    const count = () => {
      turn += 1;
      if (startedIn.length < 20) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        budget.run({ signal, ...ann }, () => Promise.resolve(startedIn.push(turn))),
      ),
    );
    expect(Object.values(Object.groupBy(startedIn, String)).map((calls) => calls?.length)).toEqual([
      4, 4, 4, 4, 4,
    ]);
  });

  it('refuses at once, with OVERLOADED, when the queue is full', async () => {
    const budget = setUp({ maxQueued: 1 });
    const calls = [pending(), pending()];
    const results = calls.map(({ task }) => budget.run({ signal, ...ann }, task));
    await expect(budget.run({ signal, ...bob }, pending().task)).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { retryAfterMs: 1000 },
    });
    for (const call of calls) call.end();
    await Promise.all(results);
  });

  it('refuses at once, with RATE_LIMITED, a client that has too many waiting, and no other', async () => {
    const budget = setUp({ maxQueuedOfClient: 2, callsPerSecond: 1 });
    const calls = [pending(), pending(), pending(), pending()];
    const results = calls.map(({ task }, index) =>
      budget.run({ signal, ...(index === 3 ? bob : ann) }, task),
    );
    await expect(budget.run({ signal, ...ann }, pending().task)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { policy: 'callsWaitingOfClient', retryAfterMs: expect.any(Number) },
    });
    expect(budget.queued).toBe(3);
    budget.refuseWaiting(new IceError('UPSTREAM_UNAVAILABLE', { action: 'GetPackageJob' }));
    calls[0]?.end();
    await expect(Promise.allSettled(results)).resolves.toHaveLength(4);
  });

  it('leaves half of the queue to clients when the gateway itself has much waiting, with OVERLOADED', async () => {
    const budget = setUp({ maxQueued: 4 });
    const own = { client: '', turnKey: {} };
    const calls = [pending(), pending(), pending(), pending()];
    const results = calls.map(({ task }, index) =>
      budget.run({ signal, ...(index === 3 ? bob : own) }, task),
    );
    await expect(budget.run({ signal, ...own }, pending().task)).rejects.toMatchObject({
      code: 'OVERLOADED',
    });
    for (const call of calls) call.end();
    await Promise.all(results);
  });

  it('runs a call on the first turn of any who ask for it, also of those who come later', async () => {
    const budget = setUp();
    const running = pending();
    const first = budget.run({ signal, ...ann }, running.task);
    const order: string[] = [];
    const call = (name: string, askers?: Askers) =>
      budget.run({ signal, ...ann, ...(askers && { askers }) }, () => Promise.resolve(order.push(name)));
    const askers = new Askers();
    askers.add(ann);
    const waiting = [call('1'), call('2'), call('shared', askers), call('3')];
    askers.add(bob);
    running.end();
    await Promise.all([first, ...waiting]);
    expect(order).toEqual(['shared', '1', '2', '3']);
    expect(budget.queued).toBe(0);
  });

  it('gives up the turn of one who has left, while others still ask', async () => {
    const budget = setUp();
    const running = pending();
    const first = budget.run({ signal, ...ann }, running.task);
    const order: string[] = [];
    const askers = new Askers();
    askers.add(ann);
    const leave = askers.add(bob);
    const waiting = [
      budget.run({ signal, ...ann }, () => Promise.resolve(order.push('1'))),
      budget.run({ signal, ...ann, askers }, () => Promise.resolve(order.push('shared'))),
    ];
    leave();
    running.end();
    await Promise.all([first, ...waiting]);
    expect(order).toEqual(['1', 'shared']);
  });

  it('refuses a call only when none who ask for it may have another one waiting', async () => {
    const budget = setUp({ maxQueuedOfClient: 1 });
    const calls = [pending(), pending(), pending()];
    const results = calls.slice(0, 2).map(({ task }) => budget.run({ signal, ...ann }, task));
    const askers = new Askers();
    askers.add(ann);
    const refused = budget.run({ signal, ...ann, askers }, pending().task);
    await expect(refused).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    askers.add(bob);
    const shared = budget.run({ signal, ...ann, askers }, calls[2]?.task ?? pending().task);
    for (const call of calls) call.end();
    await expect(shared).resolves.toBe('done');
    await Promise.all(results);
  });

  it('tells those it refuses how long the queue takes at the present rate', async () => {
    const budget = setUp({ callsPerSecond: 10, maxConcurrency: 1, maxQueued: 50 });
    const controller = new AbortController();
    const turn = { signal: controller.signal, ...ann };
    const calls = Array.from({ length: 51 }, () => budget.run(turn, pending().task).catch(() => 'refused'));
    await expect(budget.run(turn, pending().task)).rejects.toMatchObject({ details: { retryAfterMs: 5000 } });
    controller.abort();
    await expect(Promise.all(calls.slice(1))).resolves.toContain('refused');
  });

  it('takes a call out of the queue as soon as its signal aborts, with OVERLOADED', async () => {
    const budget = setUp();
    const [running, waiting] = [pending(), pending()];
    const result = budget.run({ signal, ...ann }, running.task);
    const controller = new AbortController();
    const refused = budget.run({ signal: controller.signal, ...ann }, waiting.task);
    expect(budget.queued).toBe(1);
    controller.abort();
    expect(budget.queued).toBe(0);
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED' });
    running.end();
    await result;
    expect(waiting.hasBegun()).toBe(false);
  });

  it('refuses a call whose signal has aborted already', async () => {
    const call = pending();
    const turn = { signal: AbortSignal.abort(), ...ann };
    await expect(setUp().run(turn, call.task)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(call.hasBegun()).toBe(false);
  });

  it('leaves it to a running call how it ends when its signal aborts', async () => {
    const call = pending();
    const controller = new AbortController();
    const result = setUp().run({ signal: controller.signal, ...ann }, call.task);
    await expect.poll(() => call.hasBegun()).toBe(true);
    controller.abort();
    call.end();
    await expect(result).resolves.toBe('done');
  });

  it('passes a failed call on and goes on', async () => {
    const budget = setUp();
    const turn = { signal, ...ann };
    await expect(budget.run(turn, () => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
    await expect(budget.run(turn, () => Promise.resolve(1))).resolves.toBe(1);
  });

  it('pauses all calls and slows down when one is throttled', async () => {
    const budget = setUp({ callsPerSecond: 50 });
    const throttled = new IceError('UPSTREAM_THROTTLED', { action: 'GetPackageJob', retryAfterMs: 200 });
    await expect(budget.run({ signal, ...ann }, () => Promise.reject(throttled))).rejects.toBe(throttled);
    const pausedAt = performance.now();
    await budget.run({ signal, ...bob }, () => Promise.resolve());
    expect(performance.now() - pausedAt).toBeGreaterThan(190);
    expect(budget.callsPerSecond).toBeLessThan(50);
  });

  it('ends every waiting call when told to, and none that runs', async () => {
    const budget = setUp();
    const calls = [pending(), pending(), pending()];
    const results = calls.map(({ task }) => budget.run({ signal, ...ann }, task));
    const waiting = Promise.allSettled(results.slice(1));
    const down = new IceError('UPSTREAM_UNAVAILABLE', { action: 'GetPackageJob' });
    budget.refuseWaiting(down);
    await expect(waiting).resolves.toEqual([
      { status: 'rejected', reason: down },
      { status: 'rejected', reason: down },
    ]);
    calls[0]?.end();
    await expect(results[0]).resolves.toBe('done');
  });

  it('has no timer when nobody waits', async () => {
    const before = countTimers();
    const budget = setUp({ callsPerSecond: 1 });
    const controller = new AbortController();
    await budget.run({ signal, ...ann }, () => Promise.resolve());
    expect(countTimers()).toBe(before);
    const waiting = budget.run({ signal: controller.signal, ...ann }, () => Promise.resolve());
    expect(countTimers()).toBe(before + 1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(countTimers()).toBe(before);
  });

  it('lets ten thousand waiting calls leave at once without going through the queue for each', async () => {
    const budget = setUp();
    const controller = new AbortController();
    const running = pending();
    const result = budget.run({ signal, ...ann }, running.task);
    const waiting = Array.from({ length: 10_000 }, () =>
      budget.run({ signal: controller.signal, ...bob }, () => Promise.resolve()).catch(() => 'refused'),
    );
    const abortedAt = performance.now();
    controller.abort();
    expect(budget.queued).toBe(0);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['refused']));
    expect(performance.now() - abortedAt).toBeLessThan(2000);
    running.end();
    await result;
  });
});
