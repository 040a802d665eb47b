import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FilterArgument } from '../../../../src/jobs/filter.ts';
import { isFinished, type PackageJob } from '../../../../src/jobs/model.ts';
import { isUnchangedSummary } from '../../../../src/jobs/store/entry.ts';
import type { Account } from '../../../support/account.ts';
import { step, World, type Follower } from './account-world.ts';
function matches({ status, createdFrom, createdTo }: FilterArgument, job: PackageJob): boolean {
  const at = Math.floor(Date.parse(job.createTime ?? '') / 1000);
  const isInRange =
    (!createdFrom || at >= Math.ceil(createdFrom.getTime() / 1000)) &&
    (!createdTo || at <= Math.floor(createdTo.getTime() / 1000));
  return isInRange && (!status || job.status === status);
}

/** The list as a client has it in the end: what it read, and the events on top. */
function listOf({ filter, list = [], told }: Follower): string[] {
  const jobs = new Map(list.map((job) => [job.id, job.status]));
  for (const { id, job } of told) {
    if (job !== null && matches(filter, job)) jobs.set(id, job.status);
    else jobs.delete(id);
  }
  return [...jobs].map((job) => job.join(' ')).toSorted();
}

function trueListOf({ filter }: Follower, account: Account): string[] {
  return [...account.jobs.keys()]
    .flatMap((id) => {
      const state = account.stateAt(id, account.now);
      const job = state && { ...state, observedAt: '' };
      return job !== null && matches(filter, job) ? `${id} ${job.status}` : [];
    })
    .toSorted();
}

/** How what a follower was told breaks the rules of a single job. */
function wrongsIn({ told, errors, filter, isDetailed }: Follower, account: Account): unknown[] {
  const last = new Map<string, PackageJob | null>();
  const wrongs: unknown[] = [...errors];
  for (const { id, job } of told) {
    const before = last.get(id);
    last.set(id, job);
    if (job === null) continue;
    const isThere = account.jobs.get(id)?.removedAt === Infinity;
    if (isDetailed && job.outputUrl === undefined && isThere) wrongs.push(['not whole', job]);
    const { outputUrl: _, observedAt: _at, ...shown } = job;
    const trueJob = account.jobs.get(id);
    const truth = isFinished(job)
      ? account.stateAt(id, Date.parse(job.finishTime ?? ''))
      : trueJob && account.unfinishedAt(trueJob, Date.parse(job.modifiedTime ?? ''));
    const { outputUrl: _url, ...trueState } = truth ?? {};
    if (!isDeepStrictEqual(trueState, shown) && isThere) wrongs.push(['never so', job]);
    if (!before) {
      // Every job has been unfinished, so it may have matched as such.
      if (!matches(filter, job) && !matches(filter, { ...job, status: 'INIT' }))
        wrongs.push(['no match', job]);
      continue;
    }
    const isForward = !isFinished(before) && (job.modifiedTime ?? '') >= (before.modifiedTime ?? '');
    if (!isForward || isUnchangedSummary(before, job)) wrongs.push(['twice or backwards', before, job]);
  }
  return wrongs;
}

/** What a client that stays has on its list and should not have, and the other way round. */
function differences(follower: Follower, account: Account): unknown[] {
  if (follower.hasLeft) return [];
  const [list, truth] = [listOf(follower), trueListOf(follower, account)];
  const missing = truth.filter((job) => !list.includes(job));
  const wrong = list.filter((job) => !truth.includes(job));
  return missing.length + wrong.length === 0 ? [] : [{ missing, wrong, filter: follower.filter }];
}

/** Plays so many histories with lists that lag, and with lists that do not. */
export function describeAccount(runs: number): void {
  describe.for([0, 3000])(
    'with lists that lag by %i ms, whatever happens at ICE, and whatever fails',
    (lagMs) => {
      it(
        'a follower is told what makes its list true in the end, and nothing twice or backwards',
        { timeout: 300_000 },
        async () => {
          await fc.assert(
            fc.asyncProperty(
              fc.array(step, { maxLength: 25, size: 'max' }),
              fc.scheduler(),
              fc.record({
                lagMs: fc.constant(lagMs),
                hasShiftingPages: fc.boolean(),
                maxJobs: fc.constantFrom(60, 10_000),
              }),
              async (history, scheduler, setting) => {
                const world = new World(scheduler, setting);
                const { followers, account, watching } = world;
                await world.play(history);
                expect(followers.flatMap((follower) => wrongsIn(follower, account))).toEqual([]);
                expect(followers.flatMap((follower) => differences(follower, account))).toEqual([]);
                await world.end();
                expect([watching.watcher.size, watching.timers.size]).toEqual([0, 0]);
              },
            ),
            { numRuns: runs },
          );
        },
      );
    },
  );
}
