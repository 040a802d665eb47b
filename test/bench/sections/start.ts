import { readFile } from 'node:fs/promises';
import { createClient } from '../support/client.ts';
import { startProgram } from '../support/program.ts';
import { figureOf, type Figure, type SectionResult } from '../support/result.ts';

const ROUNDS = 5;
/** The example job of the ICE reference, which the built-in emulator knows. */
const BODY = JSON.stringify({ query: '{ packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { status } }' });

/** How soon the gateway answers after it was started, as `npm start` does on the built-in emulator. */
export async function start(): Promise<SectionResult> {
  const listening: number[] = [];
  const answered: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const spawnedAt = performance.now();
    const gateway = await startProgram('../../src/main.ts', { PORT: '0' }, 'any');
    listening.push(performance.now() - spawnedAt);
    const client = createClient(gateway.url);
    const { status, errors } = await client.post(BODY);
    if (status !== 200 || errors !== undefined) throw new Error('the first query was not answered');
    answered.push(performance.now() - spawnedAt);
    memory.push(await residentMegabytes(gateway.pid));
    client.close();
    await gateway.stop();
  }
  return {
    summary: `${String(ROUNDS)} starts of src/main.ts on the built-in emulator, emulator included`,
    figures: [
      figureOf('from spawning to listening', listening, 'ms'),
      figureOf('from spawning to the first answer', answered, 'ms'),
      ...memoryFigure(memory),
    ],
    checks: [],
  };
}

function memoryFigure(memory: readonly number[]): Figure[] {
  return memory.some(Number.isNaN) ? [] : [figureOf('resident memory then', memory, 'MB')];
}

/** What Linux says of the process; NaN where there is no `/proc`. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return (Number(kibibytes) * 1024) / 1_000_000;
}
