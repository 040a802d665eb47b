import { describe, expect } from 'vitest';
import type { Emulator } from '../../src/emulator/server.ts';
import type { JobEntry } from '../../src/jobs/store/entry.ts';
import { createPlanner } from '../../src/jobs/source/planner.ts';
import { observed } from '../../src/jobs/model.ts';
import { Claims } from '../../src/replicas/claims.ts';
import { TakenAlong } from '../../src/replicas/taken-along.ts';
import { createEvents } from '../support/events.ts';
import { it, type ClientSetting } from '../support/it.ts';
import { FRESHNESS } from '../support/jobs.ts';

/** One replica that reads a job of its own, and along with it what others want. Nothing of it is in its memory. */
function replicaOf({ ice, context }: ClientSetting, emulator: Emulator) {
  const clock = { now: Date.now() };
  const add = (ageMs: number) => emulator.jobs.add({ createTime: Date.now() - ageMs, finishTime: Infinity });
  const [own, ...others] = Array.from({ length: 9 }, (_, index) => add(60_000 + index)) as [
    string,
    ...string[],
  ];
  // Pages show each of them among many that nobody wants.
  const far = [1, 2, 3, 4].map((place) => add(80_000_000 - 1_000_000 * place));
  for (let other = 0; other < 480; other += 1) add(79_900_000 - 8000 * other);
  const known = new Map<string, JobEntry>();
  const shared: string[] = [];
  const along = new TakenAlong({
    connection: { mode: 'joined' },
    claims: new Claims({ claim: () => Promise.resolve() }),
    interest: { others: new Set([...others, ...far]) },
    memory: {
      unfinishedMs: FRESHNESS.unfinishedMs,
      peek: (id) => (id === own ? known.get(id) : undefined),
      inDemand: () => [],
      ingest: () => undefined,
    },
    freshness: FRESHNESS,
    share: (id) => shared.push(id),
    readTimeoutMs: 10_000,
  });
  const planner = createPlanner({
    ice,
    memory: along.memory,
    isListBatchingOn: true,
    now: () => clock.now,
    events: createEvents().jobs,
  });
  const leading = [{ id: own, context }];
  return {
    clock,
    others,
    far,
    candidates: () => along.candidates(leading),
    /** Learns what Redis would have of all. */
    know: async () => {
      for (const id of [own, ...others, ...far]) {
        const { value, observedAt } = await ice.getPackageJob(id, context);
        if (value === null) throw new TypeError('the job is there');
        known.set(id, { job: observed(value, observedAt), observedAt, validatedAt: 1, lastGetAt: 1 });
      }
    },
    /** Reads what is due, in as few calls as it takes. */
    sweep: async (ids = along.candidates(leading)) => {
      shared.length = 0;
      const found = ids.map((id) => [id, { standing: 'claimed', entry: known.get(id) }] as const);
      void planner.read(own, 'summary', context).catch(() => undefined);
      along.read(leading, found, planner);
      await expect.poll(() => new Set(shared).size, { timeout: 10_000 }).toBe(ids.length);
      // What was learned of them is noted right after.
      await new Promise(setImmediate);
    },
  };
}

describe('what other replicas want', () => {
  it('is taken along again once lists work, however often GetPackageJob had to do', async ({
    client,
    emulator,
  }) => {
    const { clock, others, far, know, sweep, candidates } = replicaOf(client, emulator);
    await know();
    emulator.faults.add({ kind: 'status', status: 503, action: 'ListPackageJobs', times: 'always' });
    for (let time = 0; time < 5; time += 1) {
      await sweep();
      clock.now += 1000;
    }
    expect(candidates()).toEqual([...others, ...far]);
    emulator.faults.clear();
    clock.now += 60_000;
    emulator.resetRequests();
    await sweep();
    expect(emulator.countRequests('ListPackageJobs')).toBeGreaterThan(0);
    expect(emulator.countRequests('GetPackageJob')).toBeLessThan(others.length);
  });

  it('is left to whom it belongs where no list shows it with others', async ({ client, emulator }) => {
    const { clock, others, far, know, sweep, candidates } = replicaOf(client, emulator);
    await know();
    for (let time = 0; time < 4; time += 1) {
      await sweep();
      clock.now += 1000;
    }
    const left = candidates();
    expect(left.length).toBeLessThan(others.length + far.length);
    expect(left.filter((id) => others.includes(id)).length).toBeGreaterThan(others.length / 2);
  });
});
