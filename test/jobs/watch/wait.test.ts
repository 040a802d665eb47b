import { describe, expect } from 'vitest';
import { readWait, waitForJob, type WaitUntil } from '../../../src/jobs/watch/wait.ts';
import { it, type JobsSetting } from '../../support/jobs.ts';
import { startWatching } from '../../support/watching.ts';

function startWaiting(jobs: JobsSetting) {
  const { watcher, jobs: waited, timers, advance } = startWatching(jobs.clock, jobs.store);
  const stopping = new AbortController();
  const ended = new AbortController();
  const signals = [ended.signal, stopping.signal];
  const wait = (id: string, until: WaitUntil = 'FINISHED') =>
    waitForJob(waited, id, { until, timeoutMs: 30_000 }, jobs.context, signals, 'summary', timers.set);
  const add = () => jobs.emulator.jobs.add({ finishTime: Infinity });
  return { watcher, timers, advance, stopping, ended, wait, add };
}

describe('a wait', () => {
  it('ends when the job finishes', async ({ jobs }) => {
    const { wait, add, advance, watcher, timers } = startWaiting(jobs);
    const id = add();
    const waiting = wait(id);
    await advance(3000);
    jobs.emulator.jobs.finish(id);
    await advance(1000);
    expect(await waiting).toMatchObject({ id, status: 'SUCCESS' });
    expect([watcher.size, timers.size]).toEqual([0, 0]);
  });

  it('ends with the current state when the time is up', async ({ jobs }) => {
    const { wait, add, advance, watcher, timers } = startWaiting(jobs);
    const waiting = wait(add());
    await advance(30_000);
    expect(await waiting).toMatchObject({ status: 'INIT' });
    expect([watcher.size, timers.size]).toEqual([0, 0]);
  });

  it('for a change ends with the first, and not with the state that was there', async ({ jobs }) => {
    const { wait, add, advance } = startWaiting(jobs);
    const id = add();
    let hasEnded = false;
    const waiting = wait(id, 'CHANGE').finally(() => (hasEnded = true));
    await advance(5000);
    expect(hasEnded).toBe(false);
    jobs.emulator.jobs.finish(id);
    await advance(1000);
    expect(await waiting).toMatchObject({ status: 'SUCCESS' });
  });

  it.for(['FINISHED', 'CHANGE'] as const)(
    'for %s is none for a job that has finished, or that ICE does not know',
    async (until, { jobs }) => {
      const { wait, add, watcher } = startWaiting(jobs);
      const id = add();
      jobs.emulator.jobs.finish(id);
      expect(await wait(id, until)).toMatchObject({ status: 'SUCCESS' });
      expect(await wait('unknown', until)).toBeNull();
      expect(watcher.size).toBe(0);
    },
  );

  it('costs one call a sweep, however many wait', async ({ jobs }) => {
    const { wait, add, advance } = startWaiting(jobs);
    const id = add();
    const waiting = Array.from({ length: 1000 }, () => wait(id));
    await advance(3000);
    expect(jobs.emulator.countRequests()).toBe(4);
    jobs.emulator.jobs.finish(id);
    await advance(1000);
    expect(new Set((await Promise.all(waiting)).map((job) => job?.status))).toEqual(new Set(['SUCCESS']));
    expect(jobs.emulator.countRequests()).toBe(5);
  });

  it.for(['stopping', 'ended'] as const)('ends with the current state when %s', async (what, { jobs }) => {
    const setting = startWaiting(jobs);
    const waiting = setting.wait(setting.add());
    await setting.advance(0);
    setting[what].abort();
    expect(await waiting).toMatchObject({ status: 'INIT' });
    expect([setting.watcher.size, setting.timers.size]).toEqual([0, 0]);
  });

  it('fails only where there was no state in all that time', async ({ jobs }) => {
    const { wait, add, advance } = startWaiting(jobs);
    const known = add();
    await jobs.store.get(known, jobs.context);
    const waits = Promise.allSettled([wait(known), wait('unread')]);
    jobs.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    await advance(30_000);
    const [first, second] = await waits;
    expect(first).toMatchObject({ value: { status: 'INIT' } });
    expect(second).toMatchObject({ reason: { code: 'UPSTREAM_REJECTED' } });
  });
});

describe('the argument of a wait', () => {
  it.for([0, 56, -1])('refuses %i seconds', (timeoutSeconds) => {
    expect(() => readWait({ until: 'CHANGE', timeoutSeconds })).toThrow(
      `\`wait.timeoutSeconds\` must be 1 to 55, got ${String(timeoutSeconds)}`,
    );
  });

  it.for([1, 55])('takes %i seconds', (timeoutSeconds) => {
    expect(readWait({ until: 'CHANGE', timeoutSeconds }).timeoutMs).toBe(timeoutSeconds * 1000);
  });
});
