import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Emulator } from '../../../src/emulator/server.ts';
import { createClient } from './client.ts';
import { subscribeByEventStream } from './subscribe.ts';

/** What gateways are given to do, in front of one ICE. */
export interface ClusterWork {
  readonly emulator: Emulator;
  /** Where the gateways listen. */
  readonly urls: readonly string[];
  /** What they share, if they do. */
  readonly redis?: Redis | undefined;
  /** How many unfinished jobs are watched, each at one gateway. */
  readonly watched: number;
  /** How many clients in all ask for a hundred of them, spread over the gateways. */
  readonly pollers: number;
  /** How often each of them asks, in milliseconds. */
  readonly everyMs: number;
  /** How many of the jobs end meanwhile. */
  readonly ends: number;
  readonly seconds: number;
}

/** What that cost, as counted at the socket of ICE. */
export interface ClusterCost {
  /** Calls in a second, by why they are made. */
  readonly calls: Readonly<Record<Cause, number>>;
  readonly total: number;
  /** From the end of a job to the event, in milliseconds. */
  readonly latenciesMs: readonly number[];
  /** How long polls took, in milliseconds. */
  readonly pollsMs: readonly number[];
  readonly failedPolls: number;
  /** Commands that Redis ran in a second, those of scripts among them, and those that it was sent. */
  readonly commands: number;
  readonly sent: number;
}

export const CAUSES = ['gets', 'unfinished', 'ends', 'newest', 'trust'] as const;
type Cause = (typeof CAUSES)[number];

const PAGE = 100;

/** How long it takes until all know what the others want, and sweep as they will, in milliseconds. */
const SETTLE_MS = 8000;

/** Has jobs watched and polled, some of which end, and counts what it takes once it is settled. */
export async function measureCluster(work: ClusterWork): Promise<ClusterCost> {
  const { emulator, urls, redis, watched, ends, seconds } = work;
  const ids = Array.from({ length: watched }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - 3_600_000 + 1000 * index, finishTime: Infinity }),
  );
  const endedAt = new Map<string, number>();
  const begun = new Set<string>();
  const latenciesMs: number[] = [];
  const told = ({ id, status }: { id: string; status: string }, at: number) => {
    if (status === 'INIT') begun.add(id);
    else latenciesMs.push(at - (endedAt.get(id) ?? 0));
  };
  const leave = await watch(urls, ids.toReversed(), told);
  await until(() => begun.size === watched, 'all jobs are told');
  const polled = poll(work, ids);
  await pause(SETTLE_MS);
  emulator.resetRequests();
  polled.times.length = 0;
  const before = await countCommands(redis);
  const startedAt = performance.now();
  for (let end = 0; end < ends; end += 1) {
    const id = ids[Math.floor((end * watched) / ends)] ?? '';
    endedAt.set(id, performance.now());
    emulator.jobs.finish(id, { status: 'Success' });
    await pause((1000 * seconds) / ends);
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  const calls = callsOf(emulator, elapsed);
  const after = await countCommands(redis);
  const pollsMs = [...polled.times];
  await until(() => latenciesMs.length >= ends, 'all ends are told');
  polled.stop();
  for (const end of leave) end();
  return {
    calls,
    total: CAUSES.reduce((sum, cause) => sum + calls[cause], 0),
    latenciesMs,
    pollsMs,
    failedPolls: polled.failed(),
    commands: (after.run - before.run) / elapsed,
    sent: (after.sent - before.sent) / elapsed,
  };
}

/** Subscribes in operations of fifty jobs, each at another gateway. The newest come first, so that lists show them. */
async function watch(
  urls: readonly string[],
  ids: readonly string[],
  told: Parameters<typeof subscribeByEventStream>[2],
): Promise<(() => void)[]> {
  const leave: (() => void)[] = [];
  for (let first = 0; first < ids.length; first += PAGE / 2) {
    const url = urls[((2 * first) / PAGE) % urls.length] ?? '';
    leave.push(await subscribeByEventStream(url, ids.slice(first, first + PAGE / 2), told));
  }
  return leave;
}

/** Each client asks for the jobs of a page again and again. One whose answer is late asks again as soon as it has come. */
function poll({ urls, pollers, everyMs }: ClusterWork, ids: readonly string[]) {
  const clients = urls.map((url) => createClient(url));
  const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';
  const times: number[] = [];
  let [isOver, failed] = [false, 0];
  const pages = Math.ceil(ids.length / PAGE);
  const run = async (index: number): Promise<void> => {
    const client = clients[index % clients.length];
    const page = Math.floor(index / clients.length) % pages;
    const body = JSON.stringify({ query, variables: { ids: ids.slice(PAGE * page, PAGE * page + PAGE) } });
    for (let dueAt = performance.now() + (everyMs * index) / pollers; ; dueAt += everyMs) {
      await pause(Math.max(0, dueAt - performance.now()));
      if (isOver) return;
      const askedAt = performance.now();
      const answer = await client?.post(body).catch(() => undefined);
      if (answer?.data === undefined || answer.errors !== undefined) failed += 1;
      times.push(performance.now() - askedAt);
    }
  };
  const all = Array.from({ length: pollers }, (_, index) => run(index));
  const stop = () => {
    isOver = true;
    void Promise.all(all).then(() => clients.forEach((client) => client.close()));
  };
  return { times, stop, failed: () => failed };
}

function callsOf({ requests }: Emulator, seconds: number): Record<Cause, number> {
  const calls = Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as Record<Cause, number>;
  for (const { action, params } of requests) {
    const { JobId, Status } = params;
    if (action === 'GetPackageJob') calls.gets += 1;
    else if (JobId !== undefined) calls.trust += 1;
    else if (Status === 'Init') calls.unfinished += 1;
    else calls[Status === undefined ? 'newest' : 'ends'] += 1;
  }
  for (const cause of CAUSES) calls[cause] /= seconds;
  return calls;
}

async function countCommands(redis: Redis | undefined): Promise<{ run: number; sent: number }> {
  if (redis === undefined) return { run: 0, sent: 0 };
  const run = Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const stats = await redis.info('commandstats');
  // What scripts do in Redis counts there as well. These are what gateways send themselves.
  const sent = [...stats.matchAll(/cmdstat_(?:eval|evalsha|xread|pttl|sunion):calls=(\d+)/g)];
  return { run, sent: sent.reduce((sum, [, calls]) => sum + Number(calls), 0) };
}

async function until(isDone: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (isDone()) return;
    await pause(100);
  }
  throw new Error(`it takes too long until ${what}`);
}
