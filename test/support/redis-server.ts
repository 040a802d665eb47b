import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisAddress } from '../../src/redis-config.ts';
import { findProgram } from './program.ts';

export const REDIS = findProgram({
  name: 'Redis',
  candidates: ['redis-server'],
  install: 'apt-get install redis-server',
});

export interface RedisOptions {
  readonly password?: string;
  /** @default any free one */
  readonly port?: number;
  /** More arguments of redis-server. */
  readonly args?: readonly string[];
}

/** A Redis of the test's own, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly address: RedisAddress;
  /** A client of the test, which sees what is there. */
  readonly client: Redis;
  /** It answers nothing, and keeps its connections, until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** It ends at once, with all that it had. */
  kill(): Promise<void>;
  /** It starts again at the same port, with nothing in it. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a Redis. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { port, child: first } = await launchAtFreePort(options);
  let child = first;
  const { password } = options;
  const client = new Redis({ port, ...(password !== undefined && { password }), maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  const kill = async () => {
    const gone = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${String(port)}`,
    port,
    address: addressOf(port, password),
    client,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    async restart() {
      await kill();
      child = await launch({ ...options, port });
    },
    async close() {
      client.disconnect();
      await kill();
    },
  };
}

/** Where a Redis at this port is. */
export function addressOf(port: number, password?: string): RedisAddress {
  return {
    nodes: [{ host: '127.0.0.1', port }],
    sentinelGroup: undefined,
    isTls: false,
    username: undefined,
    password,
    database: 0,
  };
}

/** Starts one. A port that was free can be taken meanwhile, so others are tried. */
async function launchAtFreePort(options: RedisOptions): Promise<{ child: ChildProcess; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort());
    try {
      return { child: await launch({ ...options, port }), port };
    } catch (error) {
      if (options.port !== undefined || tries === 5) throw error;
    }
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const KEEPING_NOTHING = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];

async function launch({ port, password, args = [] }: RedisOptions): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const on = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const child = spawn(
    REDIS.path,
    [...on, ...KEEPING_NOTHING, ...(password === undefined ? [] : ['--requirepass', password]), ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.once('close', () => rmSync(folder, { recursive: true, force: true }));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/Ready to accept connections/.test(output)) resolve();
    });
    child.once('close', () => reject(new Error(`redis-server ended:\n${output}`)));
  });
  return child;
}
