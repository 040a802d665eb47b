import { describe, expect } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { OverloadedError, RateLimitedError } from '../../../src/jobs/errors.ts';
import type { Listening } from '../../../src/jobs/watch/watcher.ts';
import { it, type JobsSetting } from '../../support/jobs.ts';
import { recorder, startWatching } from '../../support/watching.ts';

/** A watcher, and what makes a client listen to a job. */
function watchingBy(jobs: JobsSetting, maxJobs: number) {
  const { watcher } = startWatching(jobs.clock, jobs.store, { maxJobs });
  const listen = (client: string, id: string): Listening =>
    watcher.listen(id, recorder().listener, { ...jobs.context, client });
  return { watcher, listen };
}

describe('a client', () => {
  it('that has as many listeners as it may is refused, and others are not', ({ jobs }) => {
    const { watcher, listen } = watchingBy(jobs, 1000);
    const listeners = Array.from({ length: BOUNDS.listeners.max }, () => listen('a', 'job'));
    expect(() => listen('a', 'job')).toThrow(RateLimitedError);
    expect(() => listen('a', 'job')).toThrow(expect.objectContaining({ policy: 'listeners' }));
    listeners.push(listen('b', 'job'));
    listeners.shift()?.stop();
    listeners.push(listen('a', 'job'));
    for (const { stop } of listeners) stop();
    expect(watcher.size).toBe(0);
  });

  it.for([
    { maxJobs: 2000, most: 200 },
    { maxJobs: 500, most: 100 },
    { maxJobs: 1_000_000, most: BOUNDS.watchedJobs.max },
  ])(
    'may listen to $most jobs of $maxJobs, counted once however often it listens',
    ({ maxJobs, most }, { jobs }) => {
      const { watcher, listen } = watchingBy(jobs, maxJobs);
      const ids = Array.from({ length: most }, (_, index) => `job-${String(index)}`);
      const listenings = ids.map((id) => listen('a', id));
      listenings.push(listen('a', 'job-0'));
      expect(() => listen('a', 'another')).toThrow(expect.objectContaining({ policy: 'watchedJobs' }));
      expect(watcher.size).toBe(most);
      listenings.push(listen('b', 'another'), listen('b', 'job-0'));
      // It still listens to the first job a second time.
      listenings.shift()?.stop();
      expect(() => listen('a', 'another')).toThrow(RateLimitedError);
      listenings.shift()?.stop();
      listenings.push(listen('a', 'another'));
      for (const { stop } of listenings) stop();
      expect(watcher.size).toBe(0);
    },
  );

  it('that stops twice is counted out once', ({ jobs }) => {
    const { watcher, listen } = watchingBy(jobs, 1000);
    const first = listen('a', 'job');
    const second = listen('a', 'job');
    first.stop();
    first.stop();
    expect(watcher.size).toBe(1);
    second.stop();
    expect(watcher.size).toBe(0);
  });
});

describe('all clients together', () => {
  it('have no more listeners than the gateway holds', ({ jobs }) => {
    const { listen } = watchingBy(jobs, 1000);
    const clients = BOUNDS.allListeners.max / BOUNDS.listeners.max;
    for (let client = 0; client < clients; client += 1)
      for (let index = 0; index < BOUNDS.listeners.max; index += 1) listen(`client-${String(client)}`, 'job');
    expect(() => listen('another', 'job')).toThrow(OverloadedError);
    // A client at its own bound is told of that.
    expect(() => listen('client-0', 'job')).toThrow(RateLimitedError);
  });
});
