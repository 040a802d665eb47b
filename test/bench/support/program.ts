import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own. */
export interface Program {
  /** Where it listens, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Which core a process is tied to, so that a server and its load do not take each other's time. */
export type Core = 'server' | 'load' | 'any';

const CORES = { server: '0', load: '1' } as const;

/** Asked of each core, as a process that is tied to one is told of no other. */
const canPin = Object.values(CORES).every(
  (core) => spawnSync('taskset', ['-c', core, 'true'], { stdio: 'ignore' }).status === 0,
);

/** Whether servers and load run on cores of their own. */
export const isPinned = canPin;

/** The words that run this Node.js on a core; without `taskset` it runs on any. */
export function nodeOn(core: Core): [command: string, ...words: string[]] {
  return core === 'any' || !canPin ? [process.execPath] : ['taskset', '-c', CORES[core], process.execPath];
}

/** Starts a file, named from this folder's parent, that prints `listening on` and its URL. */
export async function startProgram(
  file: string,
  env: Readonly<Record<string, string>>,
  core: Core,
): Promise<Program> {
  const [command, ...words] = nodeOn(core);
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  return start([command, ...words, path], env);
}

/** Starts the gateway as people do. */
export function startByNpm(env: Readonly<Record<string, string>>): Promise<Program> {
  return start(['npm', 'start'], env);
}

async function start(
  [command = '', ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  const child = spawn(command, words, {
    cwd: new URL('../../../', import.meta.url),
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; pid: number }>();
  let output = '';
  let isListening = false;
  // What it writes later, such as a log line for each operation, is read and dropped.
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (isListening) return;
    output += chunk;
    const [line, url] = /^.*listening on (http:\/\/[\d.]+:\d+)/m.exec(output) ?? [];
    if (line === undefined || url === undefined) return;
    isListening = true;
    // The process may be a child of the one that was started; a line of the gateway's log names it.
    resolve({ url, pid: Number(/"pid":(\d+)/.exec(line)?.[1] ?? child.pid) });
  });
  void ended.then(() => reject(new Error(`${command} ended before it listened:\n${output}`)));
  const { url, pid } = await promise;
  const kill = () => {
    process.kill(pid, 'SIGKILL');
  };
  process.once('exit', kill);
  return {
    url,
    pid,
    async stop() {
      if (child.exitCode !== null) throw new Error(`${command} ended by itself (${String(child.exitCode)})`);
      process.kill(pid, 'SIGTERM');
      await ended;
      process.off('exit', kill);
    },
  };
}
