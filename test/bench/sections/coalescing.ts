import { startEmulator } from '../../../src/emulator/server.ts';
import { createClient } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { figureOf, type SectionResult } from '../support/result.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const REQUESTS = 1000;
const ROUNDS = 4;
/** How long ICE takes for every call: long enough that most requests come before its answer. */
const LATENCY_MS = 300;

/** Many requests at once for a job that the gateway has not read yet; every other round for one that has finished. */
export async function coalescing(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS, latencyMs: LATENCY_MS });
  const gateway = await startGateway(emulator);
  const client = createClient(gateway.url);
  await client.connect(REQUESTS);
  const elapsed: number[] = [];
  const calls: number[] = [];
  let complete = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = emulator.jobs.add({ finishTime: round % 2 === 0 ? Infinity : Date.now() });
    const body = JSON.stringify({ query: `{ packageJob(id: "${id}") { id status } }` });
    emulator.resetRequests();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => client.post(body)));
    elapsed.push(performance.now() - startedAt);
    calls.push(emulator.countRequests());
    complete += answers.filter(({ data, errors }) => data?.['packageJob'] && errors === undefined).length;
  }
  client.close();
  await gateway.stop();
  await emulator.close();
  const most = Math.max(...calls);
  return {
    summary:
      `${String(REQUESTS)} concurrent requests for one cold job, ${String(ROUNDS)} times; ` +
      `ICE takes ${String(LATENCY_MS)} ms`,
    figures: [
      { name: 'requests answered', value: complete, unit: '' },
      figureOf('upstream calls a round', calls, ''),
      figureOf('until all were answered', elapsed, 'ms'),
    ],
    checks: [
      {
        promise: `1 upstream call for ${String(REQUESTS)} requests: at most ${String(most)}`,
        isKept: most === 1,
      },
      { promise: 'every request has the job', isKept: complete === ROUNDS * REQUESTS },
    ],
  };
}
