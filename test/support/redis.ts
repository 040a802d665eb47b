import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { RedisAddress } from '../../src/redis-config.ts';
import { Connection } from '../../src/replicas/connection.ts';
import type { ReplicasEmitter, ReplicasEvents } from '../../src/replicas/events.ts';
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

/** Starts a Redis. It is closed when the test has finished, or by `close` where there is no test. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  let { child, port } = await launchAtFreePort(options);
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

/** The same, closed when the test has finished. */
export async function redisOfTest(options: RedisOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.close());
  return redis;
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

/** A connection of one replica, closed when the test has finished. */
export function connect(address: RedisAddress, replicaId?: string): Connection & { events: ReplicasEmitter } {
  const events: ReplicasEmitter = new EventEmitter<ReplicasEvents>();
  const connection = new Connection({
    address,
    namespace: 'pjg:1:{test}',
    events,
    ...(replicaId !== undefined && { replicaId }),
  });
  onTestFinished(() => connection.close());
  return Object.assign(connection, { events });
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

async function launch({ port, password, args = [] }: RedisOptions): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const child = spawn(
    REDIS.path,
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ],
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
