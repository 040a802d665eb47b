import { describe, expect, it } from 'vitest';
import type { ListQuery } from '../../../src/ice/client.ts';
import { listUnfinished } from '../../../src/jobs/source/unfinished-list.ts';
import { jobWith } from '../../support/job.ts';

const WANTED = Array.from({ length: 30 }, (_, index) => ({
  id: `wanted-${String(index)}`,
  createTime: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
}));

/** Lists from pages that show none of the wanted jobs and never get to their places, with these tokens. */
async function listFrom(tokenAfter: (call: number) => string) {
  const calls: ListQuery[] = [];
  const listPackageJobs = (query: ListQuery) => {
    calls.push(query);
    const jobs = [jobWith({ id: 'other', status: 'INIT', createTime: '2026-01-01T00:00:00Z' })];
    const value = { jobs, nextPageToken: tokenAfter(calls.length) };
    return Promise.resolve({ value, observedAt: 0 });
  };
  const { signal } = new AbortController();
  const context = { signal, client: '', turnKey: {}, onCall: () => undefined };
  const list = await listUnfinished(WANTED, { listPackageJobs }, context);
  return { list, calls: calls.length };
}

describe('listUnfinished', () => {
  it('leaves the rest to gets where page tokens lead in a circle', async () => {
    const { list, calls } = await listFrom((call) => `token-${String(call % 3)}`);
    expect(list.unread.length).toBeGreaterThan(25);
    expect(calls).toBeLessThanOrEqual(8);
  });

  it('leaves the rest to gets where it has cost more calls than they do', async () => {
    const { list, calls } = await listFrom((call) => `token-${String(call)}`);
    expect(list.unread.length).toBeGreaterThan(25);
    expect(calls).toBeLessThanOrEqual(WANTED.length + 1);
  });
});
