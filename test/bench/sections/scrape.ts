import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { freePort } from '../../support/loopback.ts';
import { scrape as scrapeOnce } from '../../support/scrape.ts';
import { createClient } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import type { Program } from '../support/program.ts';
import { figureOf, median, type Check, type SectionResult } from '../support/result.ts';
import { subscribeByEventStream, subscribeByWebSocket } from '../support/subscribe.ts';
import { mainThreadMs } from '../support/usage.ts';

const JOBS = 100_000;
const STREAMS = 10_000;
/** The others are WebSockets. One client may have no more requests under way than 1,024. */
const EVENT_STREAMS = 1000;
const WATCHED = 100;
const SCRAPES = 25;
const PAUSE_MS = 200;
/** How many streams are opened at once. */
const AT_ONCE = 100;
/** What a scrape may take, and how long it may keep others from their turn, in milliseconds. */
const MAX_MS = 20;

/** What scrapes took, in milliseconds each. */
interface Taken {
  readonly durations: number[];
  /** Of the gateway's main thread, with what else it did meanwhile. */
  readonly cpu: number[];
  /** The longest that another client waited for an answer during a scrape. */
  readonly waits: number[];
  /** The same in as long a time without one. */
  readonly waitsWithout: number[];
}

/** A scrape of a gateway that has nothing, and of one with as many jobs in memory and streams as it may have. */
export async function scrape(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const metricsUrl = `http://127.0.0.1:${String(await freePort())}`;
  const gateway = await startGateway(emulator, {
    METRICS_PORT: new URL(metricsUrl).port,
    MAX_STREAMS: String(STREAMS),
    MAX_STREAMS_PER_ADDRESS: String(STREAMS),
    CACHE_MAX_JOBS: String(2 * JOBS),
    ICE_CALLS_PER_SECOND: '10000',
  });
  const empty = await measure(gateway, metricsUrl);
  await readJobs(emulator, gateway.url);
  const streams = await openStreams(emulator, gateway.url);
  const { series, text } = await scrapeOnce(metricsUrl);
  const has = {
    jobs: series.get('pjg_cache_entries{cache="jobs"}') ?? 0,
    streams: ['event-stream', 'websocket'].reduce(
      (sum, transport) => sum + (series.get(`pjg_streams{transport="${transport}"}`) ?? 0),
      0,
    ),
  };
  const full = await measure(gateway, metricsUrl);
  for (const close of streams) close();
  await gateway.stop();
  await emulator.close();
  return {
    summary: `${String(SCRAPES)} scrapes of ${String(text.length)} characters, of a gateway with nothing and with ${JOBS.toLocaleString('en')} jobs and ${STREAMS.toLocaleString('en')} streams, a connection each`,
    figures: [
      { name: 'jobs in memory', value: has.jobs, unit: '' },
      { name: 'streams', value: has.streams, unit: '' },
      ...figuresOf('with nothing', empty),
      ...figuresOf('with all', full),
    ],
    checks: [
      { promise: `it has ${String(JOBS)} jobs in memory`, isKept: has.jobs >= JOBS },
      { promise: `it has ${String(STREAMS)} streams`, isKept: has.streams === STREAMS },
      check('a scrape', full.durations),
      check('its time on the processor', full.cpu),
      check('the longest wait of another client meanwhile', full.waits),
    ],
  };
}

function check(what: string, values: readonly number[]): Check {
  const promise = `${what} takes less than ${String(MAX_MS)} ms, it was ${median(values).toFixed(1)}`;
  return { promise, isKept: median(values) < MAX_MS };
}

function figuresOf(title: string, { durations, cpu, waits, waitsWithout }: Taken) {
  return [
    figureOf(`${title}: a scrape`, durations, 'ms'),
    figureOf(`${title}: CPU of the main thread meanwhile`, cpu, 'ms'),
    figureOf(`${title}: longest wait of another client meanwhile`, waits, 'ms'),
    figureOf(`${title}: longest wait in as long a time without a scrape`, waitsWithout, 'ms'),
  ];
}

async function measure({ url, pid }: Program, metricsUrl: string): Promise<Taken> {
  const taken: Taken = { durations: [], cpu: [], waits: [], waitsWithout: [] };
  const client = createClient(url);
  // The first ones compile code.
  for (let time = 0; time < 10; time += 1) await scrapeOnce(metricsUrl);
  for (let time = 0; time < SCRAPES; time += 1) {
    await pause(PAUSE_MS);
    const startedAt = performance.now();
    const cpuBefore = mainThreadMs(pid);
    const scraping = fetch(`${metricsUrl}/metrics`).then((response) => response.text());
    const waiting = longestWait(client, scraping);
    await scraping;
    taken.durations.push(performance.now() - startedAt);
    taken.cpu.push(mainThreadMs(pid) - cpuBefore);
    taken.waits.push(await waiting);
    await pause(PAUSE_MS);
    taken.waitsWithout.push(await longestWait(client, pause(median(taken.durations))));
  }
  client.close();
  return taken;
}

/** Asks again and again until a time is over, and gives the longest that an answer took, in milliseconds. */
async function longestWait(
  client: ReturnType<typeof createClient>,
  until: Promise<unknown>,
): Promise<number> {
  const over = { isOver: false };
  void until.then(() => (over.isOver = true));
  let longest = 0;
  while (!over.isOver) {
    const askedAt = performance.now();
    await client.post('{"query":"{ __typename }"}');
    longest = Math.max(longest, performance.now() - askedAt);
  }
  return longest;
}

interface Page {
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

/** Has every job listed, so that it is in memory. */
async function readJobs(emulator: Emulator, url: string): Promise<void> {
  const now = Date.now();
  for (let job = 0; job < JOBS; job += 1)
    emulator.jobs.add({ createTime: now - 86_400_000 + 100 * job, finishTime: now - 1000 });
  const client = createClient(url);
  const query =
    'query ($after: String) { packageJobs(first: 100, after: $after) { pageInfo { hasNextPage endCursor } } }';
  let after: string | null = null;
  for (;;) {
    const { data, errors } = await client.post(JSON.stringify({ query, variables: { after } }));
    const page = data?.['packageJobs'] as Page | null | undefined;
    if (!page) throw new Error(`no page of jobs: ${JSON.stringify(errors)}`);
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  client.close();
}

/** Opens all streams. Each has been told of a first state when this resolves. */
async function openStreams(emulator: Emulator, url: string): Promise<(() => void)[]> {
  const now = Date.now();
  const ids = Array.from({ length: WATCHED }, () =>
    emulator.jobs.add({ createTime: now, finishTime: Infinity }),
  );
  const closers: (() => void)[] = [];
  while (closers.length < STREAMS) {
    const isEventStream = closers.length < EVENT_STREAMS;
    const opened = Array.from({ length: AT_ONCE }, async (_, index) => {
      const told = Promise.withResolvers<undefined>();
      const id = [ids[index % WATCHED] ?? ''];
      const onTold = () => told.resolve(undefined);
      const stream = await (isEventStream ? subscribeByEventStream : subscribeByWebSocket)(url, id, onTold);
      await told.promise;
      return typeof stream === 'function' ? stream : () => stream.terminate();
    });
    closers.push(...(await Promise.all(opened)));
  }
  return closers;
}
