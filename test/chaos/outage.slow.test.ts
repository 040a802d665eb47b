import { describe, expect, it, vi } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { expectNoLeaks } from './support/leaks.ts';
import { quantile, steadyLoad } from './support/load.ts';
import { heapMiB } from './support/memory.ts';
import { addTo, makeJobs, pick, read, restart, type Jobs, type Read } from './support/outage.ts';

/** From one request to the next. */
const EVERY_MS = 20;
/** The longest pause of the breaker, which is 5 s, one attempt that still fails, and a margin. */
const RECOVERY_MS = 7000;

expectNoLeaks();

/** A gateway under whose callers ICE fails for a while. */
interface Outage {
  readonly reads: readonly Read[];
  /** When ICE began to fail. */
  readonly from: number;
}

/** Reads at a steady pace for as long as ICE is out. */
async function readThrough(gateway: TestGateway, jobs: Jobs, forMs: number): Promise<Outage> {
  const reads: Read[] = [];
  const from = Date.now();
  await steadyLoad({ everyMs: EVERY_MS, signal: AbortSignal.timeout(forMs) }, async (index) => {
    reads.push(await read(gateway, ...pick(jobs, index)));
  });
  return { reads, from };
}

async function warmUp(gateway: TestGateway, jobs: Jobs): Promise<void> {
  for (const id of jobs.unfinished) await read(gateway, 'unfinished', id);
  for (const id of jobs.finished) await read(gateway, 'finished', id);
}

function expectTruth({ reads, from }: Outage): void {
  const of = (kind: Read['kind']) => reads.filter((read) => read.kind === kind);
  for (const kind of ['unfinished', 'finished'] as const) {
    expect(of(kind).map(({ error }) => error)).toEqual(of(kind).map(() => undefined));
    const status = kind === 'finished' ? 'SUCCESS' : 'INIT';
    expect([...new Set(of(kind).map(({ job }) => job?.status))]).toEqual([status]);
    const newest = Math.max(...of(kind).map(({ job }) => Date.parse(job?.observedAt ?? '')));
    expect(newest).toBeLessThanOrEqual(from);
  }
  for (const { job, error } of of('cold')) {
    expect(job).toBeNull();
    expect(error?.['code']).toMatch(/^(UPSTREAM_UNAVAILABLE|UPSTREAM_TIMEOUT|OVERLOADED)$/);
    expect(error?.['retryable']).toBe(true);
  }
}

/** Reads until every answer is right: read anew, with what changed during the outage. */
async function expectRecovery(gateway: TestGateway, jobs: Jobs): Promise<void> {
  const [changed = '', ...unchanged] = jobs.unfinished;
  const from = Date.now();
  const statusOf = async (id: string) => {
    const { job } = await read(gateway, 'unfinished', id);
    return job !== null && Date.parse(job.observedAt) >= from ? job.status : 'stale';
  };
  await vi.waitFor(
    async () => {
      expect(await statusOf(changed)).toBe('SUCCESS');
      expect(await Promise.all(unchanged.map(statusOf))).toEqual(unchanged.map(() => 'INIT'));
      expect(await Promise.all(jobs.cold.slice(0, 10).map(statusOf))).toEqual(Array(10).fill('SUCCESS'));
    },
    { timeout: RECOVERY_MS, interval: 100 },
  );
}

describe('an outage of ICE under load', () => {
  it.concurrent(
    'of 30 s shows what was last known, fails the rest fast, and is over when ICE is back',
    { timeout: 60_000 },
    async () => {
      let calls = 0;
      const gateway = await startGateway({
        emulator: { seed: 'none' },
        onLogLine(line) {
          const { receipt } = JSON.parse(line) as { receipt?: { calls: number } };
          calls += receipt?.calls ?? 0;
        },
      });
      const jobs = makeJobs();
      addTo(gateway.emulator, jobs);
      await warmUp(gateway, jobs);
      const heapBefore = heapMiB();
      await gateway.emulator.close();
      calls = 0;
      const outage = await readThrough(gateway, jobs, 30_000);
      const heapAfter = heapMiB();
      const callsDuring = calls;

      const emulator = await restart(gateway.emulator, jobs);
      emulator.jobs.finish(jobs.unfinished[0] ?? '');
      await expectRecovery(gateway, jobs);
      await gateway.close();
      await emulator.close();
      const times = outage.reads.map(({ elapsedMs }) => elapsedMs);

      expect(outage.reads.length).toBeGreaterThan(600);
      expectTruth(outage);
      expect(quantile(times, 0.95)).toBeLessThan(500);
      expect(callsDuring).toBeLessThan(100);
      expect(heapAfter - heapBefore).toBeLessThan(30);
    },
  );

  it.concurrent(
    'in which ICE hangs costs few calls, and waits only until the breaker opens',
    { timeout: 40_000 },
    async () => {
      const gateway = await startGateway({ emulator: { seed: 'none' }, env: { ICE_TIMEOUT_MS: '500' } });
      const { emulator } = gateway;
      const jobs = makeJobs();
      addTo(emulator, jobs);
      await warmUp(gateway, jobs);
      emulator.resetRequests();
      emulator.faults.add({ kind: 'hang', when: 'before-headers', times: 'always' });
      const outage = await readThrough(gateway, jobs, 10_000);
      const calls = emulator.countRequests();

      emulator.faults.clear();
      emulator.jobs.finish(jobs.unfinished[0] ?? '');
      await expectRecovery(gateway, jobs);
      await gateway.close();
      const times = outage.reads.map(({ elapsedMs }) => elapsedMs);
      const late = outage.reads.filter(({ startedAt }) => startedAt > outage.from + 2000);
      const lateTimes = late.map(({ elapsedMs }) => elapsedMs);

      expectTruth(outage);
      expect(quantile(lateTimes, 0.95)).toBeLessThan(500);
      expect(Math.max(...times)).toBeLessThan(5000);
      expect(calls).toBeLessThan(100);
    },
  );
});
