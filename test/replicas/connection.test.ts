import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisUnavailable } from '../../src/replicas/connection.ts';
import { loadScript } from '../../src/replicas/scripts.ts';
import { addressOf, connect, freePort, REDIS, redisOfTest, untilJoined } from '../support/redis.ts';

describe.skipIf(REDIS.skip)(`a replica's connection to ${REDIS.label}`, () => {
  it('joins, and counts the replicas that have', async () => {
    const { address } = await redisOfTest();
    const first = connect(address);
    await untilJoined(first);
    expect([first.mode, first.reason, first.replicas]).toEqual(['joined', undefined, 1]);
    const second = connect(address);
    await untilJoined(second);
    expect(second.replicas).toBe(2);
    if (first.replicas !== 2) await once(first.events, 'replicasChanged');
    expect(first.replicas).toBe(2);
  });

  it('gives its lease up when it closes', async () => {
    const { address, client } = await redisOfTest();
    const connection = connect(address, 'r1');
    await untilJoined(connection);
    await expect(client.zrange(connection.key('replicas'), '0', '-1')).resolves.toEqual(['r1']);
    await connection.close();
    await expect(client.exists(connection.key('replicas'))).resolves.toBe(0);
    await expect(connection.run('ping', (redis) => redis.ping())).rejects.toThrow(RedisUnavailable);
  });

  it('does not count a replica whose lease has run out, by the clock of Redis', async () => {
    const { address, client } = await redisOfTest();
    const key = 'pjg:1:{test}:replicas';
    const [seconds = 0] = (await client.time()).map(Number);
    await client.zadd(key, seconds * 1000 - 1, 'dead', seconds * 1000 + 60_000, 'live');
    const connection = connect(address, 'mine');
    await untilJoined(connection);
    expect(connection.replicas).toBe(2);
    await expect(client.zrange(key, '0', '-1')).resolves.toEqual(['mine', 'live']);
  });

  it('knows the clock of Redis, whatever that of this machine is', async () => {
    const { address, client } = await redisOfTest();
    const connection = connect(address);
    await untilJoined(connection);
    const before = connection.clock.earliest();
    const [seconds = 0, microseconds = 0] = (await client.time()).map(Number);
    const told = 1000 * seconds + microseconds / 1000;
    expect(told).toBeGreaterThanOrEqual(before - 1);
    expect(told).toBeLessThanOrEqual(connection.clock.latest() + 1);
  });

  it('sends a script by its hash, and as a whole when Redis has lost it', async () => {
    const { address, client } = await redisOfTest();
    const connection = connect(address);
    await untilJoined(connection);
    const script = loadScript('renew');
    const call = () => connection.call(script, [connection.key('other')], ['a', 1000]);
    await call();
    await client.config('RESETSTAT');
    await call();
    const stats = await client.info('commandstats');
    expect(stats).toContain('cmdstat_evalsha');
    expect(stats).not.toContain('cmdstat_eval:');
    await client.script('FLUSH');
    await expect(call()).resolves.toEqual([1, expect.any(Number)]);
  });

  it('ends a command that has no answer, goes on alone after three, and joins again', async () => {
    const redis = await redisOfTest();
    const connection = connect(redis.address);
    await untilJoined(connection);
    redis.freeze();
    const left = once(connection.events, 'left');
    const ping = () => connection.run('ping', (client) => client.ping());
    await expect(Promise.allSettled([ping(), ping(), ping()])).resolves.toMatchObject([
      { status: 'rejected', reason: expect.any(RedisUnavailable) },
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
    await expect(left).resolves.toMatchObject([{}, { reason: 'slow' }]);
    expect([connection.mode, connection.reason]).toEqual(['alone', 'slow']);
    // It is refused without being sent.
    await expect(ping()).rejects.toThrow('alone');
    const joined = once(connection.events, 'joined');
    redis.thaw();
    await joined;
    await expect(ping()).resolves.toBe('PONG');
  });

  it('stays when one command is late', async () => {
    const redis = await redisOfTest();
    const connection = connect(redis.address);
    await untilJoined(connection);
    let [late, left] = [0, 0];
    connection.events.on('commandEnd', (_name, _ms, outcome) => (late += outcome === 'late' ? 1 : 0));
    connection.events.on('left', () => (left += 1));
    redis.freeze();
    await expect(connection.run('ping', (client) => client.ping())).rejects.toThrow(RedisUnavailable);
    redis.thaw();
    await expect
      .poll(() => connection.run('ping', (client) => client.ping()), { timeout: 10_000 })
      .toBe('PONG');
    // On a machine that is slow itself more can be late.
    expect(left === 0 || late >= 3).toBe(true);
  });

  it('is alone as soon as Redis is gone, and joins the one that takes its place', async () => {
    const redis = await redisOfTest();
    const connection = connect(redis.address);
    await untilJoined(connection);
    const left = once(connection.events, 'left');
    await redis.kill();
    await expect(left).resolves.toMatchObject([{}, { reason: 'lost' }]);
    const failed = once(connection.events, 'joinFailed');
    await expect(failed).resolves.toEqual(['refused', 'ECONNREFUSED']);
    const joined = once(connection.events, 'joined');
    await redis.restart();
    await expect(joined).resolves.toEqual([{ aloneMs: expect.any(Number) }]);
    expect(connection.mode).toBe('joined');
  });

  it('keeps the number of replicas while those that lost Redis join one after the other', async () => {
    const redis = await redisOfTest();
    const connections = [connect(redis.address), connect(redis.address)] as const;
    await untilJoined(...connections);
    await expect.poll(() => connections.map(({ replicas }) => replicas), { timeout: 10_000 }).toEqual([2, 2]);
    const [first, second] = connections;
    await second.close();
    const joined = once(first.events, 'joined');
    await redis.restart();
    await joined;
    expect(first.replicas).toBe(2);
  });

  it.for<[string | undefined, string]>([
    ['not-the-password', 'WRONGPASS'],
    [undefined, 'NOAUTH'],
  ])('tells by a code, without the password, that %s is refused', async ([password, code]) => {
    const { port } = await redisOfTest({ password: 'a-password-of-tests' });
    const connection = connect(addressOf(port, password));
    const failed = once(connection.events, 'joinFailed');
    await connection.first;
    await expect(failed).resolves.toEqual(['refused', code]);
    expect([connection.mode, connection.replicas]).toEqual(['alone', 1]);
  });

  it('joins with the right user and password, in the database of the address', async () => {
    const args = ['--user', 'app', 'on', '>a-password-of-tests', '~*', '+@all'];
    const { port, client } = await redisOfTest({ args });
    const address = { ...addressOf(port, 'a-password-of-tests'), username: 'app', database: 3 };
    const connection = connect(address);
    await untilJoined(connection);
    expect(connection.mode).toBe('joined');
    await client.select(3);
    await expect(client.exists(connection.key('replicas'))).resolves.toBe(1);
  });

  it.for([
    ['nobody listens', 'refused', 'ECONNREFUSED', freePort],
    ['nobody answers', 'slow', 'ETIMEDOUT', silentPort],
  ] as const)('resolves its first try where %s', async ([, reason, code, port]) => {
    const connection = connect(addressOf(await port()));
    const failed = once(connection.events, 'joinFailed');
    await connection.first;
    await expect(failed).resolves.toEqual([reason, code]);
    expect([connection.mode, connection.reason]).toEqual(['alone', reason]);
  });

  it('waits in Redis on a connection of its own, which ends with its deadline and with the membership', async () => {
    const redis = await redisOfTest();
    const connection = connect(redis.address);
    await untilJoined(connection);
    const read = (ms: number) =>
      connection.block('read', ms, (client) => client.xread('BLOCK', ms, 'STREAMS', 'changes', '$'));
    const waiting = read(10_000);
    await expect.poll(() => blockedClients(redis.client)).toBe(1);
    await expect(connection.run('ping', (client) => client.ping())).resolves.toBe('PONG');
    await redis.client.xadd('changes', '*', 'job', 'j1');
    await expect(waiting).resolves.toEqual([['changes', [[expect.any(String), ['job', 'j1']]]]]);
    await expect(read(1)).resolves.toBeNull();
    const lost = read(10_000);
    await Promise.all([expect(lost).rejects.toThrow(RedisUnavailable), redis.kill()]);
  });
});

/** A port that accepts connections and never says a word. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

async function blockedClients(client: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(await client.info('clients'))?.[1]);
}
