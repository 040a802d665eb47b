import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { createClient, type Client } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { percentile, type Figure, type SectionResult } from '../support/result.ts';
import { subscribeByEventStream } from '../support/subscribe.ts';
import { NO_LIMITS } from '../../support/limits.ts';

/** How many jobs are watched at once, aged 5 s to an hour. */
const WATCHED = [1, 100, 1000, 2500, 10_000] as const;
const PAGE = 100;
const ENDING = 30;
const SETTLE_MS = 5000;
/** A job ends so often, in milliseconds. */
const PAUSE_MS = 250;

/** The shortest interval of the watcher, and what an event may take on its way, in milliseconds. */
const PROMISED_MS = 1000 + 500;

/** More jobs than this are read less often than at the shortest interval, and then by what their lists cost. */
const MOST_AT_ONCE = 2500;

/** What an end takes at most where jobs are read less often: the pages of all at the rate of sweeps, and its way, in milliseconds. */
const STRETCHED_MS = ((10_000 / PAGE / 12.5) * 1000 + PROMISED_MS) * 2;

/** Calls are counted for so long where sweeps are as far apart as they may be, so that there are two of them, in milliseconds. */
const TWO_SWEEPS_MS = 30_000;

/** What another client waits at most for a job that nobody has read, in milliseconds. */
const COLD_MS = 1000;

/** What an end counts that nobody was told of, in milliseconds. */
const NEVER_MS = 60_000;

/** The default part of the default budget that sweeps may take, in lists a second. */
const SHARE = 12.5;

/** How many ids are asked for at first sight, and how many jobs are newer than those that are not among the newest. */
const UNKNOWN = [100, 1000] as const;
const NEWER = 5000;

interface Outcome {
  readonly latenciesMs: readonly number[];
  readonly listsPerSecond: number;
  readonly getsPerSecond: number;
  /** How long another client waits for a job that nobody has read yet. */
  readonly othersMs: readonly number[];
}

/** What watched jobs cost at the default budget, how soon their ends are told, and what reads of unknown jobs cost. */
export async function economy(): Promise<SectionResult> {
  const figures: Figure[] = [];
  const late: string[] = [];
  const dear: string[] = [];
  const harmed: string[] = [];
  for (const count of WATCHED) {
    const { latenciesMs, listsPerSecond, getsPerSecond, othersMs } = await watch(count);
    const name = `${count.toLocaleString('en')} watched`;
    const p99 = percentile(latenciesMs, 99);
    figures.push(
      { name: `${name}: end seen after, p50`, value: percentile(latenciesMs, 50), unit: 'ms' },
      { name: `${name}: end seen after, p99`, value: p99, unit: 'ms' },
      { name: `${name}: lists a second`, value: listsPerSecond, unit: '' },
      { name: `${name}: gets a second, but for ends and others`, value: getsPerSecond, unit: '' },
      { name: `${name}: another client's cold read, p99`, value: percentile(othersMs, 99), unit: 'ms' },
    );
    if (p99 > (count > MOST_AT_ONCE ? STRETCHED_MS : PROMISED_MS)) late.push(name);
    if (percentile(othersMs, 99) > COLD_MS) harmed.push(name);
    if (listsPerSecond > 1.1 * SHARE) dear.push(name);
  }
  for (const count of UNKNOWN) {
    for (const [name, newest] of [
      ['all', 1],
      ['half', 0.5],
      ['none', 0],
    ] as const) {
      const { lists, gets } = await readUnknown(count, newest);
      const asked = `${count.toLocaleString('en')} unknown, ${name} among the newest`;
      figures.push({ name: `${asked}: lists`, value: lists, unit: '' });
      figures.push({ name: `${asked}: gets`, value: gets, unit: '' });
    }
  }
  return {
    summary:
      `jobs aged 5 s to an hour watched at the default budget, of which ${String(ENDING)} end; and jobs asked for at once ` +
      'of which nothing is known',
    figures,
    checks: [
      {
        promise:
          `99 % see an end within ${String(PROMISED_MS)} ms, and of more than ${String(MOST_AT_ONCE)} jobs ` +
          `within ${String(STRETCHED_MS)} ms: ${list(late)}`,
        isKept: late.length === 0,
      },
      {
        promise: `99 % of the others wait at most ${String(COLD_MS)} ms: ${list(harmed)}`,
        isKept: harmed.length === 0,
      },
      { promise: `sweeps keep to ${String(SHARE)} lists a second: ${list(dear)}`, isKept: dear.length === 0 },
    ],
  };
}

function list(broken: readonly string[]): string {
  return broken.length === 0 ? 'all' : `not ${broken.join(', ')}`;
}

async function watch(count: number): Promise<Outcome> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator);
  const now = Date.now();
  const ids = Array.from({ length: count }, (_, index) => {
    const ageMs = 3_600_000 - ((3_600_000 - 5000) * index) / Math.max(1, count - 1);
    return emulator.jobs.add({ createTime: now - ageMs, finishTime: Infinity });
  });
  const client = createClient(gateway.url);
  await showAll(client);
  const endedAt = new Map<string, number>();
  const latenciesMs: number[] = [];
  const leave: (() => void)[] = [];
  for (let from = 0; from < count; from += PAGE) {
    const told = ({ id, status }: { id: string; status: string }, at: number) => {
      if (status !== 'INIT') latenciesMs.push(at - (endedAt.get(id) ?? 0));
    };
    leave.push(await subscribeByEventStream(gateway.url, ids.slice(from, from + PAGE), told));
  }
  await pause(SETTLE_MS + count);
  emulator.resetRequests();
  const startedAt = performance.now();
  const othersMs: number[] = [];
  const ending = ids.filter((_, index) => index % Math.ceil(count / ENDING) === 0);
  for (let end = 0; end < ENDING; end += 1) {
    // Where fewer are watched than end, only these do.
    const id = ending[end];
    if (id !== undefined) {
      endedAt.set(id, performance.now());
      emulator.jobs.finish(id);
    }
    const [ms] = await Promise.all([readAsAnother(gateway.url, emulator), pause(PAUSE_MS)]);
    othersMs.push(ms);
  }
  await pause(2 * PROMISED_MS);
  const elapsedMs = performance.now() - startedAt;
  if (count > MOST_AT_ONCE) await pause(TWO_SWEEPS_MS - elapsedMs);
  const seconds = (performance.now() - startedAt) / 1000;
  const lists = emulator.countRequests('ListPackageJobs');
  const gets = emulator.countRequests('GetPackageJob');
  for (const end of leave) end();
  client.close();
  await gateway.stop();
  await emulator.close();
  const missing = Array.from({ length: endedAt.size - latenciesMs.length }, () => NEVER_MS);
  const seen = [...latenciesMs, ...missing];
  return {
    latenciesMs:
      seen.length < ENDING
        ? Array.from({ length: ENDING }, (_, at) => seen[at % seen.length] ?? NEVER_MS)
        : seen,
    listsPerSecond: lists / seconds,
    getsPerSecond: (gets - endedAt.size - othersMs.length) / seconds,
    othersMs,
  };
}

/** Walks the list, so that every job is known before it is watched. */
async function showAll(client: Client): Promise<void> {
  const query = `query ($after: String) {
    packageJobs(first: ${String(PAGE)}, after: $after) { pageInfo { hasNextPage endCursor } }
  }`;
  let after: string | null = null;
  do {
    const { data } = await client.post(JSON.stringify({ query, variables: { after } }));
    const page = data?.['packageJobs'] as
      { pageInfo: { hasNextPage: boolean; endCursor: string | null } } | undefined;
    if (page === undefined) throw new TypeError('a page of jobs failed');
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
}

/** Reads a job that nobody has read yet, from an address of its own. Gives how long that takes, in milliseconds. */
function readAsAnother(url: string, emulator: Emulator): Promise<number> {
  const id = emulator.jobs.add({ createTime: Date.now() - 7_200_000, finishTime: Date.now() - 7_000_000 });
  const body = JSON.stringify({ query: `{ packageJob(id: "${id}") { status } }` });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  const headers = { 'content-type': 'application/json' };
  const outgoing = request(`${url}/graphql`, { method: 'POST', headers, localAddress: '127.0.0.2' });
  outgoing.once('error', reject);
  outgoing.once('response', (response) => {
    response.resume().once('end', () => resolve(performance.now() - startedAt));
  });
  outgoing.end(body);
  return promise;
}

/** Asks for so many unknown jobs at once, a hundred in each request. This part of them is among the newest. */
async function readUnknown(count: number, newest: number): Promise<{ lists: number; gets: number }> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const gateway = await startGateway(emulator, { REQUEST_TIMEOUT_MS: '60000' });
  const now = Date.now();
  const add = (ageMs: number) =>
    emulator.jobs.add({ createTime: now - ageMs, finishTime: now - ageMs + 1000 });
  const old = Array.from({ length: count * (1 - newest) }, (_, index) => add(10_000_000 + index));
  for (let other = 0; other < NEWER; other += 1) add(5_000_000 + other);
  const ids = [...Array.from({ length: count * newest }, (_, index) => add(5000 + index)), ...old];
  const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';
  const client = createClient(gateway.url);
  await client.connect(count / PAGE);
  emulator.resetRequests();
  await Promise.all(
    Array.from({ length: count / PAGE }, (_, index) => {
      // Each request asks for some of all kinds.
      const some = ids.filter((_id, place) => place % (count / PAGE) === index);
      return client.post(JSON.stringify({ query, variables: { ids: some } }));
    }),
  );
  const lists = emulator.countRequests('ListPackageJobs');
  const gets = emulator.countRequests('GetPackageJob');
  client.close();
  await gateway.stop();
  await emulator.close();
  return { lists, gets };
}
