import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { createIceClient } from '../../src/ice/client.ts';
import { countEvents } from '../../src/telemetry/counters.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { createEvents } from '../support/events.ts';

/** Calls ICE grants in a second. */
const LIMIT = 20;

describe('a flood of calls', () => {
  it('settles below what ICE grants, is hardly throttled any more, and uses most of it', async () => {
    const emulator = await startEmulator({ limits: { GetPackageJob: LIMIT } });
    const events = createEvents().ice;
    const counters = countEvents({ ice: events });
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 5000,
      callsPerSecond: 50,
      maxConcurrency: 32,
      events,
    });
    const id = emulator.jobs.add();
    const controller = new AbortController();
    const { signal } = controller;
    /** One caller that calls again and again. */
    const call = async () => {
      const context = { signal, client: '', turnKey: {}, onCall: () => undefined };
      while (!signal.aborted) await ice.getPackageJob(id, context).catch(() => undefined);
    };
    const floodEnds = Promise.all(Array.from({ length: 50 }, call));
    const grantedCalls = () => emulator.requests.filter(({ status }) => status === 200);

    // It has adapted once it has been throttled, and the rate has grown back as far as it dares.
    await expect.poll(() => counters.throttled).toBeGreaterThan(0);
    await expect.poll(() => grantedCalls().length, { timeout: 10_000 }).toBeGreaterThan(4 * LIMIT);
    emulator.resetRequests();
    const startedAt = performance.now();
    await expect.poll(() => emulator.countRequests(), { timeout: 15_000 }).toBeGreaterThanOrEqual(5 * LIMIT);
    const seconds = (performance.now() - startedAt) / 1000;
    const granted = grantedCalls().length;
    const received = emulator.requests.map(({ at }) => at);
    const throttled = emulator.requests.filter(({ status }) => status === 400).length;
    controller.abort();
    await floodEnds;
    ice.close();
    await emulator.close();

    // A busy machine can hand a call over so late that it counts in the next second.
    expect(mostInASecond(received)).toBeLessThanOrEqual(LIMIT + 2);
    expect(throttled).toBeLessThanOrEqual(3);
    expect(granted / seconds).toBeGreaterThan(0.6 * LIMIT);
  });
});

/** How many of these times, in milliseconds and in order, lie in the fullest whole second of the clock. */
function mostInASecond(times: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const at of times) {
    const second = Math.floor(at / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
