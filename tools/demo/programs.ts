import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** How long a program has to end before it is killed, and to begin before it is given up, in milliseconds. */
const END_MS = 20_000;
const BEGIN_MS = 60_000;
const POLL_MS = 100;

/** A program in a process of its own. */
export interface Running {
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly args: readonly string[];
  /** All variables that it has, beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program. Its process group is its own, so that Ctrl+C in a terminal reaches the demo alone, which ends all programs in
 * order. What it writes to standard error is shown where it says why it does not start.
 */
export function startProgram(
  path: string,
  { args, env = {} }: ProgramOptions,
): Running & { readonly problem: () => string } {
  const child = spawn(path, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = `${problem}${text}`.slice(-2000)));
  child.once('error', (error) => (problem = error.message));
  const ended = once(child, 'close').then(
    () => undefined,
    () => undefined,
  );
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  return {
    ended,
    problem: () => problem.trim(),
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([ended, setTimeout(END_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
    },
  };
}

/**
 * Waits until a program answers at an address with success.
 *
 * @throws {Error} with what it wrote last when it ends before, or does not answer in time
 */
export async function untilAnswering(
  name: string,
  url: string,
  program: ReturnType<typeof startProgram>,
): Promise<void> {
  const state = { hasEnded: false };
  void program.ended.then(() => (state.hasEnded = true));
  for (let waited = 0; waited < BEGIN_MS; waited += POLL_MS) {
    if ((await fetch(url).catch(() => undefined))?.ok === true) return;
    if (state.hasEnded) break;
    await setTimeout(POLL_MS);
  }
  await program.stop();
  throw new Error(`${name} did not start: ${program.problem() || 'it did not answer'}`);
}

/** The path of the first of these programs that is installed. */
export function findProgram(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** This port of this machine if it is free, or else any that is. 0 is any. */
export async function choosePort(preferred: number): Promise<number> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(preferred, '127.0.0.1');
  try {
    await listening;
  } catch {
    return choosePort(0);
  }
  // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
