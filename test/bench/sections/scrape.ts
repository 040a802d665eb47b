import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { freePort } from '../../support/loopback.ts';
import { scrape as scrapeOnce } from '../../support/scrape.ts';
import { createClient } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import type { Program } from '../support/program.ts';
import { figureOf, median, type Check, type SectionResult } from '../support/result.ts';
import { mainThreadMs } from '../support/usage.ts';

const JOBS = 100_000;
const STREAMS = 10_000;
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
    streams: series.get('pjg_streams{transport="event-stream"}') ?? 0,
  };
  const full = await measure(gateway, metricsUrl);
  for (const stream of streams) stream.destroy();
  await gateway.stop();
  await emulator.close();
  return {
    summary: `${String(SCRAPES)} scrapes of ${String(text.length)} characters, of a gateway with nothing and with ${JOBS.toLocaleString('en')} jobs and ${STREAMS.toLocaleString('en')} event streams`,
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
async function openStreams(emulator: Emulator, url: string): Promise<Socket[]> {
  const now = Date.now();
  const ids = Array.from({ length: WATCHED }, () =>
    emulator.jobs.add({ createTime: now, finishTime: Infinity }),
  );
  const streams: Socket[] = [];
  while (streams.length < STREAMS) {
    const opened = Array.from({ length: AT_ONCE }, (_, index) => openStream(url, ids[index % WATCHED] ?? ''));
    streams.push(...(await Promise.all(opened)));
  }
  return streams;
}

function openStream(url: string, id: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const body = JSON.stringify({ query: `subscription { packageJobUpdated(ids: ["${id}"]) { id status } }` });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () =>
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n` +
        `content-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`,
    ),
  );
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (text.length < 2000) text += chunk;
    if (text.includes('event: next')) resolve(socket);
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error(`a stream was refused: ${text.slice(0, 300)}`)));
  return promise;
}
