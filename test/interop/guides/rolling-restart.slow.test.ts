import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { steadyLoad } from '../../chaos/support/load.ts';
import { loadFollowers, type Seen } from '../support/followers.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { REDIS, redisOfTest } from '../../support/redis.ts';
import {
  HAPROXY,
  startHaproxy,
  startReplica,
  type Replica,
  type RunningHaproxy,
} from '../../deploy/replicas.ts';
import { read } from '../../deploy/support.ts';

/** What the replicas share, and how many streams go on. */
const CASES = [
  { sharing: 'nothing shared', count: 500, url: () => Promise.resolve({}) },
  {
    sharing: `shared through ${REDIS.label}`,
    count: 100,
    url: async () => ({ REDIS_URL: (await redisOfTest()).url }),
  },
].slice(0, REDIS.skip ? 1 : 2);
const LIMIT = { timeout: 240_000 };

/** How long a proxy takes to hear that a pod is to be stopped. The pod's own pause has to be longer. */
const ENDPOINT_REMOVED_AFTER_MS = 2000;

const preStopMs =
  1000 * Number(/^preStopSeconds: (\d+)$/m.exec(read('deploy/helm/package-job-gateway/values.yaml'))?.[1]);

const ENV = { ALLOWED_HOSTS: '127.0.0.1', TRUST_PROXY: '1', ICE_CALLS_PER_SECOND: '10000' };

/** Puts a replica in the place of another as Kubernetes does. */
async function replace(
  emulator: Emulator,
  haproxy: RunningHaproxy,
  old: { readonly replica: Replica; readonly slot: string },
  freeSlot: string,
  env: Readonly<Record<string, string>>,
): Promise<Replica> {
  const replica = await startReplica(emulator, env, onTestFinished);
  const { port } = new URL(replica.url);
  await haproxy.say(`set server gateways/${freeSlot} addr 127.0.0.1 port ${port}`);
  await haproxy.say(`enable health gateways/${freeSlot}`);
  await haproxy.say(`set server gateways/${freeSlot} state ready`);
  await expect
    .poll(
      async () =>
        (await haproxy.say('show servers state gateways'))
          .split('\n')
          .find((line) => line.includes(` ${freeSlot} `))
          ?.split(' ')[5],
    )
    .toBe('2');
  // The pod is told to stop: its pause begins, and the proxies hear of it later.
  const pause = setTimeout(preStopMs);
  await setTimeout(ENDPOINT_REMOVED_AFTER_MS);
  await haproxy.say(`set server gateways/${old.slot} state maint`);
  await pause;
  expect(await old.replica.stop()).toBe(0);
  return replica;
}

describe.skipIf(HAPROXY.skip)(`a rolling restart behind ${HAPROXY.label}`, () => {
  it.for(CASES)('fails no request, and $count streams go on ($sharing)', LIMIT, async ({ url, count }) => {
    const emulator = await startEmulator({ limits: NO_LIMITS });
    onTestFinished(() => emulator.close());
    const env = { ...ENV, ...(await url()) };
    const first = await startReplica(emulator, env, onTestFinished);
    const second = await startReplica(emulator, env, onTestFinished);
    const haproxy = await startHaproxy(
      { servers: { a: first.url, b: second.url, c: undefined } },
      onTestFinished,
    );

    const { follow } = await loadFollowers(onTestFinished);
    const clients = [follow['graphql-ws'], follow['graphql-sse']];
    const ids = Array.from({ length: count }, () => emulator.jobs.add({ finishTime: Infinity }));
    const streams: Seen[] = [];
    for (const [index, id] of ids.entries()) {
      const seen = clients[index % clients.length]?.(`${haproxy.url}/graphql`, id);
      if (seen) streams.push(seen);
    }
    await expect
      .poll(() => streams.filter(({ states }) => states.length > 0).length, { timeout: 60_000 })
      .toBe(count);

    const over = new AbortController();
    const outcomes: string[] = [];
    const load = steadyLoad({ everyMs: 10, signal: over.signal }, async (index) => {
      outcomes.push(await ask(haproxy.url, ids, index));
    });
    const third = await replace(emulator, haproxy, { replica: first, slot: 'a' }, 'c', env);
    const fourth = await replace(emulator, haproxy, { replica: second, slot: 'b' }, 'a', env);
    over.abort();
    await load;
    expect(new Set(outcomes)).toEqual(new Set(['200']));
    expect(outcomes.length).toBeGreaterThan(500);

    for (const id of ids) emulator.jobs.finish(id, { status: 'Success' });
    const ends = await Promise.all(streams.map(({ end }) => end));
    expect(ends.filter((status) => status === 'SUCCESS').length).toBe(count);
    expect(
      streams.filter(({ states }) => states.join() !== 'INIT,SUCCESS').map(({ states }) => states),
    ).toEqual([]);
    // They had been cut, all of them.
    expect(streams.filter(({ wasLost }) => wasLost).length).toBe(count);
    for (const { output } of [first, second, third, fourth]) expect(output()).not.toMatch(/"level":[56]0/);
  });
});

/** Sends one request of several kinds. @returns its status, or what is wrong */
async function ask(url: string, ids: readonly string[], index: number): Promise<string> {
  const id = ids[index % ids.length] ?? '';
  const query = `{ packageJob(id: "${id}") { id status } }`;
  const headers = { 'content-type': 'application/json' };
  try {
    const response = await (index % 3 === 0
      ? fetch(`${url}/graphql?${new URLSearchParams({ query }).toString()}`, { headers })
      : fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) }));
    const text = await response.text();
    const isRight = text.includes(`"id":"${id}"`) && !text.includes('"errors"');
    return isRight ? String(response.status) : `${String(response.status)} ${text.slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error);
  }
}
