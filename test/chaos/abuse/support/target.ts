import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../../support/limits.ts';
import type { Holding, Question } from './probe.ts';
import { openThreadClock } from './thread-time.ts';

export type { Holding } from './probe.ts';

const MAIN = fileURLToPath(new URL('../../../../src/main.ts', import.meta.url));
const PROBE = new URL('./probe.ts', import.meta.url).href;

/** How often a watched job is read at least, in milliseconds. */
const POLL_MAX_MS = 200;

export interface TargetOptions {
  /** Variables that differ from those below. */
  readonly env?: Readonly<Record<string, string>>;
  readonly emulator?: EmulatorOptions;
  /** Receives every line of the log. @default nobody */
  readonly onLogLine?: (line: string) => void;
}

/** A gateway in production, in a process of its own, in front of an emulator in this one. */
export interface Target {
  readonly port: number;
  /** Its process. */
  readonly pid: number;
  readonly emulator: Emulator;
  /** A hundred jobs of each kind. */
  readonly jobs: { readonly finished: readonly string[]; readonly running: readonly string[] };
  /** How much it has logged so far, in bytes, and the lines at the level of errors. */
  readonly log: { readonly bytes: number; readonly errors: readonly string[] };
  /** How the process ended. It is `undefined` while it runs. */
  readonly end: string | undefined;
  /** What the process holds. @param collects whether garbage is collected before */
  holding(collects?: boolean): Promise<Holding>;
  /** Resolves when the process has little to do. */
  untilIdle(): Promise<void>;
  /** Resolves when it asks ICE for no job any more. */
  untilUnwatched(): Promise<void>;
  close(): Promise<void>;
}

function environment(emulator: Emulator): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    NODE_ENV: 'production',
    HOST: '0.0.0.0',
    PORT: '0',
    METRICS_PORT: '0',
    AUTH: 'none',
    UPSTREAM: 'ice',
    ALLOW_SUBMIT: 'true',
    ICE_ENDPOINT: emulator.endpoint,
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    ICE_CALLS_PER_SECOND: '1000',
    POLL_MIN_MS: '100',
    POLL_MAX_MS: String(POLL_MAX_MS),
    JOB_MAX_AGE_MS: '100',
    ALLOWED_HOSTS: '*',
  };
}

/**
 * The emulator is not the one inside the gateway, as that remembers each call of the last 15 minutes, which would count as
 * the gateway's memory. The old generation has 512 MiB, so that a leak ends the process as it does in a container.
 */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the process
export async function startTarget({
  env,
  emulator: options,
  onLogLine,
}: TargetOptions = {}): Promise<Target> {
  const emulator = await startEmulator({ limits: NO_LIMITS, ...options });
  const jobs = addJobs(emulator);
  const log = { bytes: 0, errors: [] as string[] };
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=512', '--import', PROBE, MAIN],
    { env: { ...environment(emulator), ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  let end: string | undefined;
  const ended = new Promise<void>((resolve) =>
    child.once('close', (code, signal) => {
      end = `ended by ${String(signal ?? code)}`;
      resolve();
    }),
  );
  const listening = Promise.withResolvers<number>();
  let rest = '';
  const read = (chunk: string) => {
    log.bytes += chunk.length;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      onLogLine?.(line);
      const port = /listening on http:\/\/[^"]*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
      if (!line.startsWith('{"level":') || /^\{"level":[56]0/.test(line))
        log.errors.push(line.slice(0, 2000));
    }
  };
  child.stdout?.setEncoding('utf8').on('data', read);
  child.stderr?.setEncoding('utf8').on('data', read);
  void ended.then(() => listening.reject(new Error(`${String(end)}: ${log.errors.join('\n')}`)));

  const questions = new Map<number, (holding: Holding) => void>();
  let asked = 0;
  child.on('message', ({ id, holding }: { id: number; holding: Holding }) => {
    questions.get(id)?.(holding);
    questions.delete(id);
  });
  function holding(collects = true): Promise<Holding> {
    if (end !== undefined) return Promise.reject(new Error(`the gateway ${end}`));
    asked += 1;
    const question: Question = { id: asked, collects };
    const { promise, resolve, reject } = Promise.withResolvers<Holding>();
    questions.set(question.id, resolve);
    void ended.then(() => reject(new Error(`the gateway ${String(end)}`)));
    child.send(question);
    return promise;
  }

  const port = await listening.promise;
  await vi.waitFor(async () =>
    expect((await fetch(`http://127.0.0.1:${String(port)}/readyz`)).ok).toBe(true),
  );

  const clock = openThreadClock(child.pid ?? 0);

  /** How long it has computed, or would have on a machine of its own. */
  function busyMs(): number {
    const { ranMs, waitedMs } = clock.read();
    return ranMs + waitedMs;
  }

  /** The share of a time in which it had nothing to do. It is no wait for something: a share is one of a length of time. */
  async function idleShare(): Promise<number> {
    const busyBefore = busyMs();
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (end !== undefined) throw new Error(`the gateway ${end}`);
    return 1 - (busyMs() - busyBefore) / (performance.now() - startedAt);
  }

  /** The calls of ICE since it was asked last. */
  function countCalls(): number {
    const count = emulator.countRequests();
    emulator.resetRequests();
    return count;
  }

  return {
    port,
    pid: child.pid ?? 0,
    emulator,
    jobs,
    log,
    get end() {
      return end;
    },
    holding,
    untilIdle: async () => {
      await expect.poll(idleShare, { timeout: 30_000 }).toBeGreaterThan(0.7);
    },
    async untilUnwatched() {
      emulator.resetRequests();
      await expect
        .poll(countCalls, { interval: 3 * POLL_MAX_MS, timeout: 20_000, message: 'calls of ICE afterwards' })
        .toBe(0);
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
      clock.close();
      await emulator.close();
    },
  };
}

function addJobs({ jobs }: Emulator): Target['jobs'] {
  const now = Date.now();
  const many = (finishTime: number) =>
    Array.from({ length: 100 }, (_, index) =>
      jobs.add({ createTime: now - 60_000 + 10 * index, finishTime }),
    );
  return { finished: many(now - 10_000), running: many(Infinity) };
}
