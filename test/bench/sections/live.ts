import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import type { Program } from '../support/program.ts';
import { figureOf, percentile, type SectionResult } from '../support/result.ts';
import { subscribeByEventStream, subscribeByWebSocket } from '../support/subscribe.ts';
import { usageOf } from '../support/usage.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const SOCKETS = 500;
const STREAMS = 500;
const SUBSCRIPTIONS_PER_SOCKET = 9;
const SUBSCRIPTIONS = SOCKETS * SUBSCRIPTIONS_PER_SOCKET + STREAMS;
const JOBS = 1000;
const FINISHING = 200;
const FINISHING_SECONDS = 5;
const IDLE_SECONDS = 5;
const ROUNDS = 3;

/** The shortest interval of the watcher, and what an event may take on its way, in milliseconds. */
const PROMISED_MS = 1000 + 500;

/** The gateway with all subscribers. */
interface Setting {
  readonly emulator: Emulator;
  readonly gateway: Program;
  /** When each event of an end came, in milliseconds of `performance.now()`, by job. */
  readonly ends: Map<string, number[]>;
  /** What 5,000 subscriptions took of the server's memory, in bytes. */
  readonly memory: number;
  close(): Promise<void>;
}

interface Outcome {
  readonly latenciesMs: readonly number[];
  readonly missing: number;
  /** Calls of ICE in a second in which nothing happens. */
  readonly callsPerSecond: number;
  readonly bytesPerSubscription: number;
  /** Time on the processor in such a second, in milliseconds. */
  readonly idleCpuMs: number;
}

/** 5,000 subscriptions over 1,000 connections, to one job and to 1,000. */
export async function live(): Promise<SectionResult> {
  const one: Outcome[] = [];
  const many: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    one.push(await measure(1, 1));
    many.push(await measure(JOBS, FINISHING));
  }
  const all = [...one, ...many];
  const missing = all.reduce((sum, outcome) => sum + outcome.missing, 0);
  const figures = (name: string, outcomes: readonly Outcome[]) => [
    figureOf(`${name}: end seen after, p50`, outcomes.map(p(50)), 'ms'),
    figureOf(`${name}: end seen after, p99`, outcomes.map(p(99)), 'ms'),
    figureOf(`${name}: upstream calls a second, idle`, outcomes.map(callsPerSecond), ''),
    figureOf(`${name}: server's CPU, idle`, outcomes.map(idleCpu), '%'),
    figureOf(`${name}: memory a subscription`, outcomes.map(kilobytes), 'kB'),
  ];
  return {
    summary:
      `${SUBSCRIPTIONS.toLocaleString('en')} subscriptions over ${String(SOCKETS)} WebSockets and ` +
      `${String(STREAMS)} event streams, ${String(ROUNDS)} rounds; to one job, which finishes, and spread over ` +
      `${JOBS.toLocaleString('en')}, of which ${String(FINISHING)} finish within ${String(FINISHING_SECONDS)} s`,
    figures: [...figures('1 job', one), ...figures(`${JOBS.toLocaleString('en')} jobs`, many)],
    checks: [
      {
        promise: `99 % see an end within ${String(PROMISED_MS)} ms: ${all.map((outcome) => Math.round(p(99)(outcome))).join(', ')}`,
        isKept: all.every((outcome) => p(99)(outcome) <= PROMISED_MS),
      },
      { promise: `every subscriber sees the end: ${String(missing)} do not`, isKept: missing === 0 },
    ],
  };
}

const p = (percent: number) => (outcome: Outcome) => percentile(outcome.latenciesMs, percent);
const callsPerSecond = (outcome: Outcome) => outcome.callsPerSecond;
const idleCpu = (outcome: Outcome) => outcome.idleCpuMs / 10;
const kilobytes = (outcome: Outcome) => outcome.bytesPerSubscription / 1000;

async function measure(jobs: number, finishing: number): Promise<Outcome> {
  const setting = await subscribeAll(jobs);
  const { emulator, gateway, ends } = setting;
  const ids = [...ends.keys()];
  emulator.resetRequests();
  const before = usageOf(gateway.pid);
  await pause(IDLE_SECONDS * 1000);
  const after = usageOf(gateway.pid);
  const idleCalls = emulator.countRequests();

  const finishedAt = new Map<string, number>();
  for (const id of ids.slice(0, finishing)) {
    finishedAt.set(id, performance.now());
    emulator.jobs.finish(id);
    if (finishing > 1) await pause((FINISHING_SECONDS * 1000) / finishing);
  }
  await pause(2 * PROMISED_MS);
  const latenciesMs = [...finishedAt].flatMap(([id, at]) => (ends.get(id) ?? []).map((seen) => seen - at));
  await setting.close();
  return {
    latenciesMs,
    missing: (SUBSCRIPTIONS / jobs) * finishing - latenciesMs.length,
    callsPerSecond: idleCalls / IDLE_SECONDS,
    bytesPerSubscription: setting.memory / SUBSCRIPTIONS,
    idleCpuMs: (after.cpuMs - before.cpuMs) / IDLE_SECONDS,
  };
}

/** Each job has as many subscribers as any other. Resolves when all have been told of the first state. */
async function subscribeAll(jobs: number): Promise<Setting> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  // The first read of 1,000 jobs is not what is measured.
  const env = { MAX_STREAMS_PER_ADDRESS: '2000', ICE_CALLS_PER_SECOND: '1000' };
  const gateway = await startGateway(emulator, env);
  const now = Date.now();
  const ids = Array.from({ length: jobs }, () =>
    emulator.jobs.add({ createTime: now, finishTime: Infinity }),
  );
  const ends = new Map<string, number[]>(ids.map((id) => [id, []]));
  const first = Promise.withResolvers<undefined>();
  let begun = 0;
  const told = ({ id, status }: { id: string; status: string }, at: number) => {
    if (status !== 'INIT') {
      ends.get(id)?.push(at);
      return;
    }
    begun += 1;
    if (begun === SUBSCRIPTIONS) first.resolve(undefined);
  };
  let next = 0;
  const take = () => ids[next++ % jobs] ?? '';
  const { memory } = usageOf(gateway.pid);
  const closers: (() => void)[] = [];
  for (let connection = 0; connection < SOCKETS; connection += 1) {
    const wanted = Array.from({ length: SUBSCRIPTIONS_PER_SOCKET }, take);
    const socket = await subscribeByWebSocket(gateway.url, wanted, told);
    closers.push(() => socket.terminate(), await subscribeByEventStream(gateway.url, [take()], told));
  }
  await first.promise;
  return {
    emulator,
    gateway,
    ends,
    memory: usageOf(gateway.pid).memory - memory,
    async close() {
      for (const close of closers) close();
      await gateway.stop();
      await emulator.close();
    },
  };
}
