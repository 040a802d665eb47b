// Counts what scrapes do while a gateway has few jobs and streams, and while it has many, and prints both as JSON.
import { once } from 'node:events';
import fs from 'node:fs';
import { Session } from 'node:inspector';
import { connect } from 'node:net';
import { pino } from 'pino';

/** Jobs that are watched by a subscription each, on WebSockets, each of which may have so many. */
const SUBSCRIPTIONS = { few: 10, many: 1000 };
const A_SOCKET = 100;
/** Event streams, with a connection each. */
const CONNECTIONS = { few: 2, many: 100 };
/** What else runs in the process at times is not in every one of them. */
const SCRAPES = 12;

/** Items of maps, sets and lists that were gone through. */
let walked = 0;

// What is compiled before this has no counters.
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
watchIterators();
watchLists();

const { readConfig } = await import('../../../src/config.ts');
const { startGateway } = await import('../../../src/gateway.ts');
const { startEmulator } = await import('../../../src/emulator/server.ts');
const { openEventStream, openSocket, subscribeTo } = await import('../../support/socket.ts');

const emulator = await startEmulator({ limits: { GetPackageJob: Infinity, ListPackageJobs: Infinity } });
const env = {
  PORT: '0',
  METRICS_PORT: '0',
  ICE_CALLS_PER_SECOND: '10000',
  POLL_MIN_MS: '60000',
  POLL_MAX_MS: '60000',
};
const config = { ...readConfig(env), metrics: { host: '127.0.0.1', port: 0 } };
const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
const gateway = await startGateway(config, upstream, pino({ level: 'silent' }));
await gateway.firstProblem;

await subscribe('few');
const few = await leastWork();
await subscribe('many');
const many = await leastWork();
const added = { subscriptions: SUBSCRIPTIONS.many, connections: CONNECTIONS.many };
process.stdout.write(`${JSON.stringify({ added, few, many })}\n`, () => process.exit(0));

/** Subscribes to new jobs, and waits for the first state of each. */
async function subscribe(amount: 'few' | 'many'): Promise<void> {
  const now = Date.now();
  const add = () => emulator.jobs.add({ createTime: now, finishTime: Infinity });
  for (let count = 0; count < SUBSCRIPTIONS[amount]; count += A_SOCKET) {
    const ids = Array.from({ length: Math.min(A_SOCKET, SUBSCRIPTIONS[amount]) }, add);
    const { send, message } = await openSocket(gateway.url);
    for (const id of ids) send(subscribeTo(id, [id]));
    for (const id of ids) await message((told) => told.id === id && told.type === 'next');
  }
  for (let count = 0; count < CONNECTIONS[amount]; count += 1)
    await (await openEventStream(gateway.url, [add()])).until(/INIT/);
}

/** The least that one of several scrapes did. */
async function leastWork(): Promise<{ blocks: number; items: number }> {
  const work = { blocks: Infinity, items: Infinity };
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) {
    takeBlocks();
    walked = 0;
    await scrapeOnce(gateway.metricsUrl ?? '');
    work.items = Math.min(work.items, walked);
    work.blocks = Math.min(work.blocks, takeBlocks());
  }
  return work;
}

/** By the plainest client, as its work is counted too. */
async function scrapeOnce(metricsUrl: string): Promise<void> {
  const { hostname, port } = new URL(metricsUrl);
  const socket = connect(Number(port), hostname);
  socket.resume().write('GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');
  await once(socket, 'close');
}

/** How often blocks of code other than Node's own were run since the last time. */
function takeBlocks(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    for (const { url, functions } of result)
      if (!url.startsWith('node:'))
        for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
  });
  return blocks;
}

/** Counts what is taken from maps and sets, also by native code such as that of `[...set]`. */
function watchIterators(): void {
  for (const iterator of [new Map().values(), new Set().values()]) {
    const prototype = Object.getPrototypeOf(iterator) as { next: () => IteratorResult<unknown> };
    const { next } = prototype;
    prototype.next = function nextWatched(this: unknown) {
      walked += 1;
      return next.call(this);
    };
  }
}

/** Counts what lists of files and of what keeps the process alive have. */
function watchLists(): void {
  const { readdirSync } = fs;
  const active = process as unknown as Record<string, () => unknown[]>;
  Object.assign(fs, {
    readdirSync(...args: Parameters<typeof readdirSync>) {
      const entries = readdirSync(...args);
      walked += entries.length;
      return entries;
    },
  });
  for (const name of ['getActiveResourcesInfo', '_getActiveHandles', '_getActiveRequests']) {
    const list = active[name];
    if (list === undefined) continue;
    active[name] = () => {
      const items = list.call(process);
      walked += items.length;
      return items;
    };
  }
}
