import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runProgram } from '../support/deploy-tools.ts';
import { findProgram } from '../support/program.ts';
import type { ImageConfig } from './image.ts';

export const RUNC = findProgram({
  name: 'runc',
  candidates: ['runc'],
  install: 'apt-get install --yes runc',
});

/** What a container may take, in bytes. */
export const MEMORY = 512 * 1024 * 1024;

/** A container that runs, on this machine's network. */
export interface Container {
  readonly output: () => string;
  /** Resolves to the first match in its output. @throws {Error} when it ends without one */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Runs another program in it. @returns its exit code, and all that it wrote */
  exec(...words: readonly string[]): Promise<[code: number, output: string]>;
  /** Its memory in bytes, as the kernel counts it. `limit` is `undefined` where the machine sets none. */
  memory(): { readonly limit: number | undefined; readonly most: number; readonly kills: number };
  /** Tells it to stop, and resolves to its exit code. */
  stop(): Promise<number>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** What a program writes, and how it ends. */
export function watchOutput(
  child: ChildProcess,
): Pick<Container, 'output' | 'waitFor'> & { ended: Promise<number> } {
  let output = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const watcher of watchers) watcher();
    });
  child.on('error', (error) => (output += error.message));
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return {
    output: () => output,
    ended,
    waitFor: (pattern) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
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

/** What `runc` is told: a read-only root, no rights, 512 MiB, as the chart has it. */
function specOf(image: ImageConfig, root: string, name: string, env: Readonly<Record<string, string>>) {
  const [uid = 0, gid = 0] = image.User.split(':').map(Number);
  const none: string[] = [];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...image.Entrypoint, ...image.Cmd],
      env: [...image.Env, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
      cwd: image.WorkingDir,
      noNewPrivileges: true,
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 16_384, hard: 16_384 }],
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'ro'],
      },
    ],
    linux: {
      // Relative: below the group of this process.
      cgroupsPath: name,
      resources: { memory: { limit: MEMORY, swap: MEMORY } },
      // The network is this machine's, as the emulator is on its loopback.
      namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }],
    },
  };
}

/** Runs what an image says, as its user. */
export async function runContainer(
  image: ImageConfig,
  root: string,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<Container> {
  const name = `gateway-${String(process.pid)}-${String(Date.now())}`;
  const bundle = join(folder, name);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(specOf(image, root, name, env)));
  const general = ['--root', join(folder, 'runc')];
  const pidFile = join(bundle, 'pid');
  const words = ['run', '--bundle', bundle, '--pid-file', pidFile, name];
  const child = spawn(RUNC.path, [...general, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { output, ended, waitFor } = watchOutput(child);
  const runc = (...words: readonly string[]) => runProgram(RUNC.path, [...general, ...words]);
  await waitFor(/./);
  // It is written soon after the container has begun, and never where runc itself has failed.
  while (!existsSync(pidFile) && child.exitCode === null) await setTimeout(20);
  if (!existsSync(pidFile)) throw new Error(`runc ended with ${String(await ended)}: ${output()}`);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  return {
    output,
    waitFor,
    async exec(...words) {
      const { code, stdout, stderr } = await runc('exec', name, ...words);
      return [code, stdout + stderr];
    },
    memory: () => memoryOf(pid),
    async stop() {
      await runc('kill', name, 'SIGTERM');
      return ended;
    },
    async kill() {
      await runc('kill', name, 'SIGKILL');
      await ended;
    },
  };
}

/** What the kernel says of the memory of a process' control group, of either version. */
function memoryOf(pid: number): { limit: number; most: number; kills: number } {
  const groups = readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8');
  const [, v1] = /^\d+:(?:[\w,]*,)?memory(?:,[\w,]*)?:(.*)$/m.exec(groups) ?? [];
  const [, v2 = ''] = /^0::(.*)$/m.exec(groups) ?? [];
  const folder = v1 === undefined ? `/sys/fs/cgroup${v2}` : `/sys/fs/cgroup/memory${v1}`;
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  if (v1 === undefined)
    return {
      limit: Number(read('memory.max')),
      most: Number(read('memory.peak')),
      kills: Number(/^oom_kill (\d+)$/m.exec(read('memory.events'))?.[1]),
    };
  return {
    limit: Number(read('memory.limit_in_bytes')),
    most: Number(read('memory.max_usage_in_bytes')),
    kills: Number(/^oom_kill (\d+)$/m.exec(read('memory.oom_control'))?.[1]),
  };
}
