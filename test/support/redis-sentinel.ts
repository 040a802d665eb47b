import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import { findProgram } from './program.ts';
import { freePort, redisOfTest, startRedis, type RedisServer } from './redis.ts';

export const SENTINEL = findProgram({
  name: 'Redis Sentinel',
  candidates: ['redis-sentinel'],
  install: 'apt-get install redis-sentinel',
});

/** Three sentinels of the group `main`, which can act. */
export interface Sentinels {
  readonly ports: readonly number[];
  readonly master: RedisServer;
}

/** A master, one that follows it, and three sentinels that watch them. */
export async function startSentinels(): Promise<Sentinels> {
  const master = await redisOfTest();
  const follower = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  onTestFinished(() => follower.close());
  await expect
    .poll(() => follower.client.info('replication'), { timeout: 20_000 })
    .toContain('master_link_status:up');
  const folder = mkdtempSync(join(tmpdir(), 'sentinel-test-'));
  const ports: number[] = [];
  const children: ChildProcess[] = [];
  for (let index = 0; index < 3; index += 1) {
    const port = await freePort();
    const path = join(folder, `${String(port)}.conf`);
    writeFileSync(
      path,
      [
        `port ${String(port)}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor main 127.0.0.1 ${String(master.port)} 2`,
        'sentinel down-after-milliseconds main 1000',
        'sentinel failover-timeout main 10000',
        '',
      ].join('\n'),
    );
    children.push(spawn(SENTINEL.path, [path], { stdio: 'ignore' }));
    ports.push(port);
  }
  onTestFinished(async () => {
    await Promise.all(
      children.map((child) => {
        child.kill('SIGKILL');
        return once(child, 'close');
      }),
    );
    rmSync(folder, { recursive: true, force: true });
  });
  // The sentinels have to know of each other and of the follower before they can act.
  const sentinels = await Promise.all(ports.map((port) => sentinelOf(port)));
  await expect
    .poll(() => Promise.all(sentinels.map((ask) => ask())), { timeout: 60_000, interval: 200 })
    .toEqual(sentinels.map(() => ({ sentinels: 2, followers: 1 })));
  return { ports, master };
}

/** Asks a sentinel how many others it knows. */
async function sentinelOf(port: number): Promise<() => Promise<{ sentinels: number; followers: number }>> {
  const client = new Redis({ port, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return async () => {
    const [sentinels, followers] = (await Promise.all([
      client.call('SENTINEL', 'SENTINELS', 'main'),
      client.call('SENTINEL', 'REPLICAS', 'main'),
    ])) as [unknown[], unknown[]];
    return { sentinels: sentinels.length, followers: followers.length };
  };
}
