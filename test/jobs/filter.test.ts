import { describe, expect, it } from 'vitest';
import { matchesFilter, readFilter } from '../../src/jobs/filter.ts';
import { jobWith } from '../support/job.ts';

const at = (text: string) => new Date(`2026-01-01T00:00:${text}Z`);
const created = (text: string | null) =>
  jobWith({ createTime: text === null ? null : `2026-01-01T00:00:${text}Z` });

describe('a filter', () => {
  it.for([
    { filter: { status: 'UNKNOWN' as const }, error: /`filter.status` cannot be UNKNOWN/ },
    {
      filter: { createdFrom: at('02'), createdTo: at('01') },
      error: /`filter.createdFrom` must not be after/,
    },
    { filter: { createdTo: new Date(8.64e15) }, error: /`filter.createdTo` must be in the years 0 to 9999/ },
  ])('$filter is refused', ({ filter, error }) => {
    expect(() => readFilter(filter)).toThrow(error);
  });

  it('takes null for absent', () => {
    expect([null, undefined, { status: null, createdFrom: null, createdTo: null }].map(readFilter)).toEqual([
      {},
      {},
      {},
    ]);
  });

  it('without members matches every job', () => {
    expect(matchesFilter({})(created(null))).toBe(true);
  });

  it('matches by whole seconds, both bounds among them, as lists of ICE do', () => {
    const matches = matchesFilter(readFilter({ createdFrom: at('10.5'), createdTo: at('12.5') }));
    const shown = ['10', '11', '12', '12.9', '13', null].filter((text) => matches(created(text)));
    expect(shown).toEqual(['11', '12', '12.9']);
  });

  it('by status and time matches what both match', () => {
    const matches = matchesFilter(readFilter({ status: 'SUCCESS', createdFrom: at('10') }));
    const jobs = [
      { ...created('10'), status: 'SUCCESS' as const },
      created('10'),
      { ...created('09'), status: 'SUCCESS' as const },
    ];
    expect(jobs.map(matches)).toEqual([true, false, false]);
  });
});
