import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program of ours in a process of its own. */
export interface RunningProgram {
  /** Everything it has written so far, both streams. */
  readonly output: () => string;
  /** Resolves to the first match of the pattern in its output. @throws when it ends without one */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves to its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a file of `src` with these variables and no others but PATH. */
export function run(
  file: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): RunningProgram {
  return runAt(fileURLToPath(new URL(`../../src/${file}`, import.meta.url)), env, args);
}

/** Starts a file anywhere, as `run` does. */
export function runAt(
  path: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): RunningProgram {
  const child = spawn(process.execPath, [path, ...args], { env: { PATH: process.env['PATH'], ...env } });
  let output = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal ?? 0)),
  );
  return {
    output: () => output,
    ended,
    signal: (signal) => void child.kill(signal),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${String(pattern)}:\n${output}`)));
      }),
  };
}
