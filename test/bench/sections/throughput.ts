import { startEmulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { startProgram, type Program } from '../support/program.ts';
import { createRequests, type Requests } from '../support/requests.ts';
import { figureOf, median, type Check, type Figure, type SectionResult } from '../support/result.ts';
import { startRivals } from '../support/rivals.ts';
import { fastestOf, joined, sharesOf, takeTurns, type Rates, type Rounds } from '../support/rounds.ts';
import { NO_LIMITS } from '../../support/limits.ts';

/** How often all servers are started anew: a process keeps for life what luck it has with its memory and its compiler. */
const STARTS = 3;
const ROUNDS_A_START = 2;
const SECONDS = 1;
const RAW = 'raw node:http';
const GATEWAY = 'gateway';

/** What is promised of a kind of requests for a number of jobs: the gateway's share of another server's rate. */
interface Promised {
  readonly kind: 'repeated' | 'neverRepeated' | 'everNew';
  readonly size: number;
  readonly ofRaw?: number;
  readonly ofBest?: number;
}

const TITLES = { repeated: 'repeated', neverRepeated: 'never repeated', everNew: 'ever new' } as const;

const PROMISES: readonly Promised[] = [
  { kind: 'repeated', size: 1, ofRaw: 0.8, ofBest: 1.5 },
  { kind: 'repeated', size: 20, ofRaw: 0.7, ofBest: 3 },
  { kind: 'repeated', size: 100, ofBest: 4 },
  { kind: 'neverRepeated', size: 1, ofBest: 1 },
  { kind: 'neverRepeated', size: 20, ofBest: 1.5 },
  { kind: 'neverRepeated', size: 100 },
  { kind: 'everNew', size: 1 },
  { kind: 'everNew', size: 20 },
];

/** Jobs that are in memory, every field, from the gateway and from other servers that do the same work. */
export async function throughput(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const requests = createRequests(emulator);
  const lengths = new Map<Promised, number>();
  const outcomes = new Map<Promised, Rounds>();
  let rivals: readonly string[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const servers = new Map([[GATEWAY, await startGateway(emulator, { ICE_CALLS_PER_SECOND: '10000' })]]);
    for (const [name, rival] of await startRivals(emulator)) servers.set(name, rival);
    rivals = [...servers.keys()].slice(1);
    const raw = await startProgram('servers/raw.ts', {}, 'server');
    for (const { url } of servers.values()) await readAll(url, requests.all);
    for (const promised of PROMISES) {
      const length = await expectTheSame(servers, requests, promised);
      const next = requests[promised.kind](promised.size);
      const rounds = await takeTurns(
        [
          { name: RAW, url: raw.url, pid: raw.pid, next: asRaw(next, length) },
          ...[...servers].map(([name, { url, pid }]) => ({ name, url, pid, next })),
        ],
        ROUNDS_A_START,
        SECONDS,
      );
      lengths.set(promised, length);
      outcomes.set(promised, joined(outcomes.get(promised), rounds));
    }
    await Promise.all([...servers.values(), raw].map((server) => server.stop()));
  }
  await emulator.close();
  const titled = [...outcomes].map(([promised, rounds]) => {
    const title = `${TITLES[promised.kind]}, ${jobs(promised.size)}`;
    return { title, promised, rounds, length: lengths.get(promised) ?? NaN };
  });
  return {
    summary:
      `requests a second for finished jobs in memory, every field, 32 connections, ` +
      `${String(STARTS)} starts of all servers, ${String(ROUNDS_A_START)} rounds of ${String(SECONDS)} s in turns each`,
    figures: titled.flatMap(({ title, rounds, length }) => figuresOf(title, length, rounds, rivals)),
    checks: titled.flatMap(({ title, promised, rounds }) => checksOf(title, promised, rounds.rates, rivals)),
  };
}

function figuresOf(
  title: string,
  bytes: number,
  { rates, ratesByCpu, p50Ms, p99Ms }: Rounds,
  rivals: readonly string[],
): Figure[] {
  const best = fastestOf(rates, rivals);
  const latencies = (name: string) => [
    figureOf(`${title}: ${name}, p50`, p50Ms.get(name) ?? [], 'ms'),
    figureOf(`${title}: ${name}, p99`, p99Ms.get(name) ?? [], 'ms'),
  ];
  return [
    { name: `${title}: answer`, value: bytes, unit: 'bytes' },
    ...[...rates].map(([name, values]) => figureOf(`${title}: ${name}`, values, 'requests/s')),
    figureOf(`${title}: gateway / raw`, sharesOf(rates, GATEWAY, RAW), ''),
    figureOf(`${title}: gateway / raw, by CPU time`, sharesOf(ratesByCpu, GATEWAY, RAW), ''),
    figureOf(`${title}: gateway / ${best}`, sharesOf(rates, GATEWAY, best), ''),
    ...[RAW, GATEWAY, best].flatMap(latencies),
  ];
}

function checksOf(title: string, promised: Promised, rates: Rates, rivals: readonly string[]): Check[] {
  const check = (least: number | undefined, base: string): Check[] => {
    if (least === undefined) return [];
    const share = median(sharesOf(rates, GATEWAY, base));
    const promise = `${title}: at least ${String(least)} of ${base}, it was ${share.toFixed(2)}`;
    return [{ promise, isKept: share >= least }];
  };
  return [...check(promised.ofRaw, RAW), ...check(promised.ofBest, fastestOf(rates, rivals))];
}

/** Has a server read every job, so that none is read while it is measured. */
async function readAll(url: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await post(url, body);
}

/** Asks all servers the same, and makes sure that their data is the same, byte for byte; gives its length. */
async function expectTheSame(
  servers: ReadonlyMap<string, Program>,
  requests: Requests,
  { kind, size }: Promised,
): Promise<number> {
  const next = requests[kind](size);
  let length = 0;
  for (let sample = 0; sample < 16; sample += 1) {
    const request = next();
    const body = request.slice(request.indexOf('\r\n\r\n') + 4);
    const answers: string[] = [];
    for (const [name, { url }] of servers) {
      // Each has read the jobs at another time.
      const data = (await post(url, body)).trimEnd().replaceAll(/"observedAt":"[^"]+"/g, '"observedAt":""');
      if (data !== (answers[0] ?? data))
        throw new Error(`${name} answers differently: ${data.slice(0, 500)}`);
      answers.push(data);
      length = data.length + size * '2026-01-01T00:00:00.000Z'.length;
    }
  }
  return length;
}

async function post(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const text = await (await fetch(new URL('/graphql', url), { method: 'POST', headers, body })).text();
  if (!text.startsWith('{"data":') || text.includes('"errors"') || /null[,\]]\}?$/.test(text.trimEnd())) {
    throw new Error(`not answered: ${text.slice(0, 500)}`);
  }
  return text;
}

/** The same requests, for an answer of this length. */
function asRaw(next: () => string, length: number): () => string {
  const requests = new Map<string, string>();
  return () => {
    const request = next();
    const known = requests.get(request);
    if (known !== undefined) return known;
    const changed = request.replace('POST /graphql ', `POST /${String(length)} `);
    requests.clear();
    requests.set(request, changed);
    return changed;
  };
}

function jobs(size: number): string {
  return size === 1 ? '1 job' : `${String(size)} jobs`;
}
