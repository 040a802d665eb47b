import { describe, expect, it } from 'vitest';
import {
  hasPassed,
  leadsNowhere,
  MARK_LENGTH,
  MAX_PASSED,
  NO_WALK,
  passedOn,
  walkPast,
  type Walk,
} from '../../../src/jobs/list/walk.ts';

/** A job that was created so many seconds after 2026 began. */
const job = (id: string, second: number | null) => ({
  id,
  createTime: second === null ? null : new Date(Date.UTC(2026, 0, 1) + 1000 * second).toISOString(),
});
const jobs = (from: number, to: number, secondOf: (index: number) => number | null) =>
  Array.from({ length: to - from }, (_, index) => job(`j${String(from + index)}`, secondOf(from + index)));
const countMarks = ({ passed }: Walk) =>
  passed.reduce((sum, { marks }) => sum + marks.length / MARK_LENGTH, 0);

/** The pages that a walk reads on pages that lead from one to the next until it is on one of them again. */
function pagesRead(tail: number, circle: number): number {
  let walk = NO_WALK;
  for (let page = 0; page < 10_000; page += 1) {
    const at = page < tail ? page : tail + ((page - tail) % circle);
    if (hasPassed(walk, `token-${String(at)}`)) return page;
    walk = walkPast(walk, `token-${String(at)}`, [], false);
    expect(walk.tokens.length).toBeLessThanOrEqual(6 * 17);
  }
  return expect.unreachable('the walk does not end');
}

describe('a walk', () => {
  it('knows the first page that comes again in a circle of up to 16', () => {
    for (const tail of [0, 1, 5, 40]) {
      for (const circle of [1, 2, 3, 16]) expect(pagesRead(tail, circle)).toBe(tail + circle);
    }
  });

  it('knows a circle of any length in the end', () => {
    for (const tail of [0, 1, 100, 500]) {
      for (const circle of [17, 50, 1000]) {
        expect(pagesRead(tail, circle)).toBeLessThanOrEqual(3 * (tail + circle));
      }
    }
  });

  it.for([false, true])(
    'has passed all jobs of a list in order, and stays short: ascending %s',
    (isAscending) => {
      const all = jobs(0, 3000, (index) => Math.floor(index / 3) * (isAscending ? 1 : -1));
      let walk = NO_WALK;
      for (let at = 0; at < 2900; at += 29) {
        walk = walkPast(walk, String(at), all.slice(at, at + 29), isAscending);
        expect(countMarks(walk)).toBeLessThanOrEqual(10);
      }
      const isPassed = passedOn(walk, isAscending);
      expect(all.filter(isPassed)).toEqual(all.slice(0, 2900));
    },
  );

  it('has passed all of up to 128 jobs of one second, and no other of that second', () => {
    const all = jobs(0, 300, () => 7);
    const walk = walkPast(NO_WALK, null, all.slice(0, MAX_PASSED), false);
    expect(all.filter(passedOn(walk, false))).toEqual(all.slice(0, MAX_PASSED));
    const later = walkPast(walk, 'a', all.slice(MAX_PASSED, 200), false);
    expect(countMarks(later)).toBe(MAX_PASSED);
    // Of more than that, none that is new is taken for one that was passed.
    expect(all.slice(200).filter(passedOn(later, false))).toEqual([]);
  });

  it('goes by marks alone where a list is in no order, so that no job is lost', () => {
    const all = jobs(0, 300, (index) => (index * 7919) % 300);
    const walk = walkPast(NO_WALK, null, all.slice(0, 200), false);
    expect(all.filter(passedOn(walk, false))).toEqual(all.slice(200 - MAX_PASSED, 200));
  });

  it('bears jobs that have changed places around the end of a page', () => {
    const all = jobs(0, 50, (index) => -index);
    const late = job('late', -45);
    const walk = walkPast(NO_WALK, null, all, false);
    expect(passedOn(walk, false)(late)).toBe(false);
  });

  it('leads nowhere after many repeated jobs or empty pages, and not before', () => {
    const all = jobs(0, 100, (index) => -index);
    let walk = walkPast(NO_WALK, null, all, false);
    for (let page = 0; page < 10; page += 1) walk = walkPast(walk, String(page), all, false);
    expect(leadsNowhere(walk)).toBe(false);
    expect(leadsNowhere(walkPast(walk, 'next', [job('new', -200)], false))).toBe(false);
    expect(leadsNowhere(walkPast(walk, 'next', all, false))).toBe(true);
    walk = walkPast(NO_WALK, null, [], false);
    for (let page = 1; page < 999; page += 1) walk = walkPast(walk, String(page), [], false);
    expect(leadsNowhere(walk)).toBe(false);
    expect(leadsNowhere(walkPast(walk, 'next', [], false))).toBe(true);
  });
});
