import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../support/client.ts';
import { startByNpm } from '../support/program.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { usageOf } from '../support/usage.ts';

const ROUNDS = 5;
/** The example job of the ICE reference, which the built-in emulator knows. */
const BODY = JSON.stringify({ query: '{ packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { status } }' });

/** How long the idle gateway is looked at, in milliseconds. */
const IDLE_MS = 5000;
const MAX_START_MS = 1500;

/** How soon the gateway answers after `npm start`, on the built-in emulator, and what it takes while nobody asks. */
export async function start(): Promise<SectionResult> {
  const listening: number[] = [];
  const answered: number[] = [];
  const memory: number[] = [];
  let idle = NaN;
  for (let round = 0; round < ROUNDS; round += 1) {
    const spawnedAt = performance.now();
    const gateway = await startByNpm({ PORT: '0', METRICS_PORT: '0' });
    listening.push(performance.now() - spawnedAt);
    const client = createClient(gateway.url);
    const { status, errors } = await client.post(BODY);
    if (status !== 200 || errors !== undefined) throw new Error('the first query was not answered');
    answered.push(performance.now() - spawnedAt);
    client.close();
    if (round === 0) idle = await idleShare(gateway.pid);
    memory.push(usageOf(gateway.pid).memory / 1_000_000);
    await gateway.stop();
  }
  return {
    summary: `${String(ROUNDS)} times npm start on the built-in emulator, which is in the same process`,
    figures: [
      figureOf('from npm start to listening', listening, 'ms'),
      figureOf('from npm start to the first answer', answered, 'ms'),
      figureOf('resident memory then', memory, 'MB'),
      { name: 'of its core while nobody asks', value: idle, unit: '%' },
    ],
    checks: [
      {
        promise: `the first answer within ${String(MAX_START_MS)} ms`,
        isKept: median(answered) < MAX_START_MS,
      },
      { promise: 'an idle gateway takes less than 1 % of a core', isKept: idle < 1 },
    ],
  };
}

/** The share of a core that a process takes, in percent. */
async function idleShare(pid: number): Promise<number> {
  const before = usageOf(pid).cpuMs;
  await pause(IDLE_MS);
  return ((usageOf(pid).cpuMs - before) / IDLE_MS) * 100;
}
