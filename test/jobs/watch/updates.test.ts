import { describe, expect, it } from 'vitest';
import { IceError } from '../../../src/ice/errors.ts';
import { OverloadedError } from '../../../src/jobs/errors.ts';
import { JobUpdates, type JobUpdate } from '../../../src/jobs/watch/updates.ts';
import type { JobListener, Listening } from '../../../src/jobs/watch/watcher.ts';
import { jobWith } from '../../support/job.ts';

const CONTEXT = {
  signal: new AbortController().signal,
  client: '',
  turnKey: {},
  onCall: () => undefined,
  onCacheStatus: () => undefined,
};

/** A watcher whose jobs the test speaks for. */
function watcherOf(limit = Infinity) {
  const listeners = new Map<string, JobListener>();
  return {
    listeners,
    listen(id: string, listener: JobListener): Listening {
      if (listeners.size >= limit) throw new OverloadedError('too many');
      listeners.set(id, listener);
      return { entry: undefined, stop: () => void listeners.delete(id) };
    },
  };
}

const stateOf = (id: string, name: string) => jobWith({ id, name });
const endOf = (id: string) => jobWith({ id, status: 'SUCCESS' });

async function all(updates: JobUpdates): Promise<JobUpdate[]> {
  const taken: JobUpdate[] = [];
  for await (const update of updates) taken.push(update);
  return taken;
}

describe('the updates of several jobs', () => {
  it('come in the order in which they happen', async () => {
    const watcher = watcherOf();
    const updates = new JobUpdates(watcher, ['a', 'b'], CONTEXT);
    const first = updates.next();
    watcher.listeners.get('b')?.onState(stateOf('b', '1'));
    watcher.listeners.get('a')?.onState(stateOf('a', '1'));
    expect(await first).toMatchObject({ value: { job: { id: 'b' } } });
    expect(await updates.next()).toMatchObject({ value: { job: { id: 'a' } } });
  });

  it('are the latest of each job for a reader that is slow', async () => {
    const watcher = watcherOf();
    const updates = new JobUpdates(watcher, ['a', 'b'], CONTEXT);
    for (let name = 0; name < 1000; name += 1) {
      for (const id of ['a', 'b']) watcher.listeners.get(id)?.onState(stateOf(id, String(name)));
    }
    expect(await updates.next()).toMatchObject({ value: { job: { id: 'a', name: '999' } } });
    expect(await updates.next()).toMatchObject({ value: { job: { id: 'b', name: '999' } } });
  });

  it('are over when all have finished or cannot be told of, and what was not read yet has been', async () => {
    const watcher = watcherOf();
    const updates = new JobUpdates(watcher, ['a', 'b', 'c'], CONTEXT);
    const refusal = new IceError('UPSTREAM_REJECTED', { action: 'GetPackageJob' });
    watcher.listeners.get('a')?.onState(endOf('a'));
    watcher.listeners.get('b')?.onState(null);
    watcher.listeners.get('c')?.onFailure(refusal);
    expect(await all(updates)).toMatchObject([
      { job: { id: 'a', status: 'SUCCESS' } },
      { error: { argument: 'ids[1]', message: '`ids[1]` names no job that ICE knows' } },
      { error: refusal },
    ]);
    // The watcher itself lets go of who was told of a failure.
    expect([...watcher.listeners.keys()]).toEqual(['c']);
  });

  it('tell of an id that is named twice once, and of none at once', async () => {
    const watcher = watcherOf();
    const updates = new JobUpdates(watcher, ['a', 'a'], CONTEXT);
    watcher.listeners.get('a')?.onState(endOf('a'));
    expect(await all(updates)).toHaveLength(1);
    expect(await all(new JobUpdates(watcher, [], CONTEXT))).toEqual([]);
  });

  it('end at once for a reader that leaves while it waits, and let all jobs go', async () => {
    const watcher = watcherOf();
    const updates = new JobUpdates(watcher, ['a', 'b'], CONTEXT);
    const next = updates.next();
    await updates.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await updates.next()).toEqual({ done: true, value: undefined });
    expect(watcher.listeners.size).toBe(0);
  });

  it('hold on to nothing when one of the jobs cannot be watched', () => {
    const watcher = watcherOf(2);
    expect(() => new JobUpdates(watcher, ['a', 'b', 'c'], CONTEXT)).toThrow(OverloadedError);
    expect(watcher.listeners.size).toBe(0);
  });
});
