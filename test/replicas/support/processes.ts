import type { IceAction } from '../../../src/ice/actions.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Emulator } from '../../../src/emulator/server.ts';
import { openEventStream } from '../../support/socket.ts';
import { run, type RunningProgram } from '../../support/process.ts';

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly program: RunningProgram;
}

/** Starts one that shares through this Redis. It is killed when the test has finished. */
export async function startGatewayProcess(
  emulator: Emulator,
  redisUrl: string | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const program = run('main.ts', {
    PORT: '0',
    METRICS_PORT: '0',
    ICE_ENDPOINT: emulator.endpoint,
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    MAX_STREAMS_PER_ADDRESS: '10000',
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...env,
  });
  onTestFinished(() => program.signal('SIGKILL'));
  const [, url = ''] = await program.waitFor(/listening on (http:\S+?)"/);
  while (!(await fetch(`${url}/readyz`)).ok) await sleep(20);
  return { url, program };
}

/** What a client was told of a job, and when, by `performance.now()`. */
export interface Told {
  readonly status: string;
  readonly at: number;
}

/** A client that comes back. */
export interface Follower {
  readonly id: string;
  /** What it was told, without repeats. */
  readonly told: readonly Told[];
  /** How often it had to come back. */
  readonly returns: () => number;
  /** Resolves when an end was told, and whoever told it was asked once more. */
  readonly ended: Promise<void>;
}

/**
 * Subscribes to a job until any end is told, as a client that comes back elsewhere when its connection breaks.
 *
 * @param urlsOf the gateways that there are at this moment, the first to be asked first
 */
export function follow(id: string, urlsOf: () => readonly string[]): Follower {
  const told: Told[] = [];
  let returns = 0;
  const done = new AbortController();
  onTestFinished(() => done.abort());
  const attempt = async (url: string) => {
    const stream = await openEventStream(url, [id]);
    let seen = 0;
    const note = (text: string) => {
      const found = [...text.matchAll(/"status":"(\w+)"/g)].map(([, status = '']) => status);
      for (const status of found.slice(seen)) noteStatus(told, status);
      seen = found.length;
    };
    onTestFinished(() => stream.leave());
    await stream.each(note);
  };
  const hasEnded = () => told.length > 0 && told.at(-1)?.status !== 'INIT';
  const ended = (async () => {
    let url = '';
    while (!done.signal.aborted && !hasEnded()) {
      const urls = urlsOf();
      url = urls[returns % urls.length] ?? '';
      await attempt(url).catch(() => undefined);
      if (hasEnded()) break;
      returns += 1;
      await sleep(50);
    }
    // A gateway that has stepped back says so. One that is gone says nothing.
    if (!done.signal.aborted) await attempt(url).catch(() => undefined);
  })();
  return { id, told, returns: () => returns, ended };
}

/** Notes a status that was told now, unless it is the last one again. */
export function noteStatus(told: Told[], status: string): void {
  if (told.at(-1)?.status !== status) told.push({ status, at: performance.now() });
}

/** The most calls of an action that came to ICE within a second, and when that second ended, in milliseconds since 1970. */
export function peakOf(
  { requests }: Emulator,
  action: IceAction,
): { readonly calls: number; readonly at: number } {
  const times = requests.filter((request) => request.action === action).map(({ at }) => at);
  let first = 0;
  let peak = { calls: 0, at: 0 };
  for (const [last, at] of times.entries()) {
    while ((times[first] ?? 0) <= at - 1000) first += 1;
    if (last - first + 1 > peak.calls) peak = { calls: last - first + 1, at };
  }
  return peak;
}
