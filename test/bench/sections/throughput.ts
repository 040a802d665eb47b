import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import { startEmulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS, startGateway } from '../support/gateway.ts';
import { startProgram } from '../support/program.ts';
import { figureOf, type SectionResult } from '../support/result.ts';

const ROUNDS = 3;
const SECONDS = 3;
const CONNECTIONS = 32;
/** How many different requests a rotating load goes through. */
const ROTATION = 256;
const SIZES = [1, 20];

/** A load on one server. */
interface Load {
  readonly name: string;
  readonly url: string;
  readonly bodies: readonly string[];
  /** The load on the raw server that sends the same number of bytes back. */
  readonly raw: string;
}

/** Answers from memory, as a share of what a server reaches that answers a prepared body of the same size. */
export async function throughput(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator, { ICE_CALLS_PER_SECOND: '10000' });
  const raw = await startProgram('servers/raw.ts', {}, 'server');
  const finishTime = Date.now();
  const createTime = finishTime - 60_000;
  const ids = Array.from({ length: ROTATION }, (_, index) =>
    emulator.jobs.add({
      name: `job ${String(index)}`,
      createTime,
      finishTime,
      userData: '{"param":"value"}',
    }),
  );
  const document = await readDocument();

  const loads: Load[] = [];
  const sizes = new Map<number, number>();
  for (const size of SIZES) {
    const bodies = ids.map((_, index) => bodyFor(document, windowOf(ids, index, size)));
    sizes.set(size, await readOnce(gateway.url, bodies));
    const rawName = `raw server, ${jobs(size)}`;
    const url = `${gateway.url}/graphql`;
    loads.push(
      {
        name: rawName,
        url: `${raw.url}/${String(sizes.get(size))}`,
        bodies: bodies.slice(0, 1),
        raw: rawName,
      },
      { name: `repeated query, ${jobs(size)}`, url, bodies: bodies.slice(0, 1), raw: rawName },
      { name: `rotating query, ${jobs(size)}`, url, bodies, raw: rawName },
    );
  }
  const rates = await measure(loads);
  const calls = emulator.countRequests();
  await Promise.all([gateway.stop(), raw.stop(), emulator.close()]);

  return {
    summary:
      `requests a second answered from memory, every field, ${String(CONNECTIONS)} connections, ` +
      `${String(ROUNDS)} rounds of ${String(SECONDS)} s`,
    figures: [
      ...[...sizes].map(([size, bytes]) => ({ name: `answer, ${jobs(size)}`, value: bytes, unit: 'bytes' })),
      ...loads.map(({ name }) => figureOf(name, rates.get(name) ?? [], 'requests/s')),
      ...loads
        .filter(({ name, raw }) => name !== raw)
        .map(({ name, raw }) => figureOf(`${name}: share of raw`, shares(rates, name, raw), '%')),
    ],
    checks: [
      { promise: `every job is read once: ${String(calls)} upstream calls`, isKept: calls === ROTATION },
    ],
  };
}

/** Requests a second of every load, by round. Loads take turns, every other round backwards; the first is dropped. */
async function measure(loads: readonly Load[]): Promise<Map<string, number[]>> {
  const rates = new Map<string, number[]>(loads.map(({ name }) => [name, []]));
  for (const load of loads) await fire(load, 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const load of round % 2 === 0 ? loads : loads.toReversed()) {
      rates.get(load.name)?.push(await fire(load, SECONDS));
    }
  }
  return rates;
}

async function fire({ name, url, bodies }: Load, seconds: number): Promise<number> {
  const { requests, duration, errors, non2xx } = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: bodies.map((body) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })),
  });
  if (errors + non2xx > 0) throw new Error(`${name}: ${String(errors + non2xx)} requests failed`);
  return requests.total / duration;
}

/** Has the gateway read every job, and returns the length of an answer, in bytes. */
async function readOnce(url: string, bodies: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const body of bodies) {
    const headers = { 'content-type': 'application/json' };
    const text = await (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).text();
    if (text.includes('"errors"') || text.includes('null]')) throw new Error(`not answered: ${text}`);
    bytes = Buffer.byteLength(text);
  }
  return bytes;
}

/** The example operation with every field, for any number of jobs. */
async function readDocument(): Promise<string> {
  const file = new URL('../../../schema/operations/package-job.graphql', import.meta.url);
  const single = await readFile(file, 'utf8');
  return single
    .replace(/query PackageJob\([^)]*\)/, 'query PackageJobs($ids: [ID!]!)')
    .replace('packageJob(id: $id)', 'packageJobsById(ids: $ids)');
}

function bodyFor(query: string, ids: readonly string[]): string {
  return JSON.stringify({ query, variables: { ids } });
}

/** Some ids in a row, from an index on, around the end. */
function windowOf(ids: readonly string[], from: number, length: number): string[] {
  return [...ids, ...ids].slice(from, from + length);
}

/** Each round's rate as a share of the raw server's in the same round, in percent. */
function shares(rates: ReadonlyMap<string, number[]>, name: string, raw: string): number[] {
  const base = rates.get(raw) ?? [];
  return (rates.get(name) ?? []).map((rate, round) => (100 * rate) / (base[round] ?? NaN));
}

function jobs(size: number): string {
  return size === 1 ? '1 job' : `${String(size)} jobs`;
}
