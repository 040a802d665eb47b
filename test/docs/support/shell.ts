import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../support/command.ts';

/** Commands of a page that run in a shell, as a person runs them. */
export interface RunningShell {
  readonly output: () => string;
  /** Resolves to the first match in what was written. @throws {Error} when the commands end without one */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves to the exit code of the last command. */
  readonly ended: Promise<number>;
}

/** Variables that a page speaks of, so that those of this process may not stand in. */
const OURS =
  /^(?:ALIBABA_CLOUD_|AUTH$|CI$|ICE_|JWT_|METRICS_|NODE_(?!EXTRA)|PORT$|REDIS_|UPSTREAM$|VITEST|npm_)/;

/** Runs commands in the folder of the repository. What they have started ends with `onDone`. */
export function runCommands(
  commands: string,
  env: Readonly<Record<string, string>>,
  onDone: (stop: () => Promise<void>) => void,
): RunningShell {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  const child = spawn('sh', ['-c', commands], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    // A group of its own, as npm starts programs of its own.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const watcher of watchers) watcher();
    });
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
  onDone(async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, 'SIGTERM');
    await ended;
  });
  return {
    output: () => output,
    ended,
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
