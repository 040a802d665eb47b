import { startEmulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { takeTurns } from '../support/rounds.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const SIZES = [1, 10, 20, 50, 100];
const ROUNDS = 5;
const SECONDS = 1;

/** What a job costs the gateway by how many of them a query asks for, when none of it was answered before. */
export async function growth(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const requests = createRequests(emulator);
  const gateway = await startGateway(emulator, { ICE_CALLS_PER_SECOND: '10000' });
  for (const body of requests.all) {
    const headers = { 'content-type': 'application/json' };
    await (await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body })).text();
  }
  const { url, pid } = gateway;
  const { ratesByCpu } = await takeTurns(
    SIZES.map((size) => ({ name: String(size), url, pid, next: requests.everNew(size) })),
    ROUNDS,
    SECONDS,
  );
  await gateway.stop();
  await emulator.close();
  const costs = SIZES.map((size) => ({
    size,
    microseconds: (ratesByCpu.get(String(size)) ?? []).map((rate) => 1_000_000 / rate / size),
  }));
  const least = median(costs[0]?.microseconds ?? []);
  return {
    summary: "the server's time on its core for a job, every field, in queries that never come again",
    figures: costs.map(({ size, microseconds }) =>
      figureOf(`${String(size)} in a query`, microseconds, 'µs a job'),
    ),
    checks: costs.slice(1).map(({ size, microseconds }) => ({
      promise: `a job of ${String(size)} costs no more than one alone`,
      isKept: median(microseconds) <= least,
    })),
  };
}
