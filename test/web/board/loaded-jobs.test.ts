import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  append,
  applyChange,
  hold,
  NOTHING_LOADED,
  replaceStart,
  since,
  unmark,
  type Job,
  type LoadedJobs,
  type Page,
} from '../../../web/board/loaded-jobs.ts';

const timeOf = (second: number) => new Date(1_767_225_600_000 + second * 1000).toISOString();

/** A job that was created so many seconds after the first. */
function job(id: string, second: number, status: Job['status'] = 'INIT'): Job {
  return {
    id,
    name: null,
    status,
    statusRaw: null,
    isFinished: status !== 'INIT',
    code: null,
    message: null,
    createTime: timeOf(second),
    submitTime: null,
    finishTime: null,
    inputs: [],
    output: null,
  };
}

function page(jobs: readonly Job[], hasNextPage = false): Page {
  return {
    edges: jobs.map((node) => ({ cursor: node.id, node })),
    pageInfo: { hasNextPage, endCursor: jobs.at(-1)?.id ?? null },
  };
}

const ids = ({ jobs }: LoadedJobs) => jobs.map(({ id }) => id);
const loaded = (jobs: readonly Job[], hasNextPage = false) => append(NOTHING_LOADED, page(jobs, hasNextPage));

describe('loaded jobs', () => {
  it('have each job of overlapping pages once', () => {
    const list = append(loaded([job('c', 3), job('b', 2)], true), page([job('b', 2), job('a', 1)]));
    expect(ids(list)).toEqual(['c', 'b', 'a']);
    expect(list.hasNextPage).toBe(false);
  });

  it('take a new job into its place, by the order of the list', () => {
    const newest = loaded([job('c', 3), job('a', 1)]);
    expect(ids(applyChange(newest, job('b', 2), true, false))).toEqual(['c', 'b', 'a']);
    const oldest = loaded([job('a', 1), job('c', 3)]);
    expect(ids(applyChange(oldest, job('d', 4), true, true))).toEqual(['a', 'c', 'd']);
  });

  it('leave a job behind the last page to the next page', () => {
    const list = loaded([job('c', 3)], true);
    expect(ids(applyChange(list, job('b', 2), true, false))).toEqual(['c']);
    expect(ids(applyChange(list, job('d', 4), true, true))).toEqual(['c']);
  });

  it('keep a row that does not match any more until its mark ends, and drop it then', () => {
    const left = applyChange(loaded([job('b', 2), job('a', 1)]), job('b', 2, 'SUCCESS'), false, false);
    expect(left.marks.get('b')).toBe('leaving');
    expect(left.jobs[0]).toMatchObject({ id: 'b', status: 'SUCCESS' });
    expect(ids(unmark(left, 'b'))).toEqual(['a']);
  });

  it('keep a row that matches again before its mark ends', () => {
    const list = loaded([job('a', 1, 'FAIL')]);
    const back = applyChange(
      applyChange(list, job('a', 1, 'FAIL'), false, false),
      job('a', 1, 'FAIL'),
      true,
      false,
    );
    expect(ids(unmark(back, 'a'))).toEqual(['a']);
  });

  it('have new jobs wait while they are held, and forget those that do not match any more', () => {
    const held = hold(loaded([job('a', 1)]), true, false);
    const one = applyChange(held, job('b', 2), true, false);
    const two = applyChange(one, job('c', 3), true, false);
    expect(ids(two)).toEqual(['a']);
    const gone = applyChange(two, job('b', 2, 'SUCCESS'), false, false);
    expect(ids(hold(gone, false, false))).toEqual(['c', 'a']);
  });

  it('never show a finished job as unfinished', () => {
    const list = loaded([job('a', 1, 'SUCCESS')]);
    expect(applyChange(list, job('a', 1), true, false)).toBe(list);
  });

  it('put a fresh page in the place of the same time, and keep the pages behind it', () => {
    const list = loaded([job('d', 4), job('c', 3), job('b', 2), job('a', 1)], true);
    const fresh = replaceStart(list, page([job('e', 5), job('d', 4, 'FAIL'), job('b', 2)], true));
    expect(fresh && ids(fresh)).toEqual(['e', 'd', 'b', 'a']);
    expect(fresh?.endCursor).toBe('a');
    expect(fresh?.jobs[1]?.status).toBe('FAIL');
  });

  it('tell that a fresh page leaves a gap to what they have', () => {
    expect(replaceStart(loaded([job('a', 1)], true), page([job('z', 9)], true))).toBeUndefined();
  });

  it('let go of what is older than the range', () => {
    expect(ids(since(loaded([job('b', 2), job('a', 1)]), timeOf(2)))).toEqual(['b']);
  });

  it('stay in order and without repeats, whatever happens', () => {
    const change = fc.record({
      kind: fc.constantFrom('change', 'hold', 'release', 'unmark', 'refresh'),
      second: fc.integer({ min: 0, max: 30 }),
      isMatch: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.boolean(), (changes, isOldestFirst) => {
        let list = loaded([]);
        for (const { kind, second, isMatch } of changes) {
          const id = `job-${String(second)}`;
          if (kind === 'change')
            list = applyChange(list, job(id, second, isMatch ? 'INIT' : 'FAIL'), isMatch, isOldestFirst);
          if (kind === 'hold') list = hold(list, true, isOldestFirst);
          if (kind === 'release') list = hold(list, false, isOldestFirst);
          if (kind === 'unmark') list = unmark(list, id);
          if (kind === 'refresh') list = replaceStart(list, page(list.jobs)) ?? list;
          const times = list.jobs.map(({ createTime }) => createTime ?? '');
          const sorted = times.toSorted();
          expect(times).toEqual(isOldestFirst ? sorted : sorted.toReversed());
          expect(new Set(ids(list)).size).toBe(list.jobs.length);
          expect(list.isHeld || list.waiting.length === 0).toBe(true);
          // A list of what is in flight has finished jobs only while they leave.
          const finished = list.jobs.filter(({ isFinished }) => isFinished);
          expect(finished.filter(({ id }) => list.marks.get(id) !== 'leaving')).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
