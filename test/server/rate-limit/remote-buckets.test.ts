import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBuckets } from '../../../src/server/rate-limit/buckets.ts';
import { createRateLimit } from '../../../src/server/rate-limit/rate-limit.ts';
import { post } from '../../support/gateway.ts';
import { openSocket } from '../../support/socket.ts';
import { startServer, type Server } from '../../support/visible-jobs.ts';
import { remote } from './support/remote.ts';

const POLICY = { cost: 100, seconds: 10 };
const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';

let now = Date.now();
let server: Server;
let id: string;
beforeAll(async () => {
  const rateLimit = createRateLimit(POLICY, remote(createBuckets(POLICY, () => now)));
  server = await startServer(() => now, { rateLimit });
  id = server.emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 });
});
afterAll(() => server.close());

const leftOf = ({ headers }: { headers: Headers }) =>
  Number(/;r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? NaN);

describe('a limit whose buckets have to ask others', () => {
  it('is charged before the response cache is asked, which still answers', async () => {
    now += 60_000;
    const ask = (body: string) => post(server.url, body);
    const body = JSON.stringify({ query: JOB, variables: { id } });
    expect(leftOf(await ask(body))).toBe(97);
    const before = server.inMemory();
    for (let count = 1; count <= 10; count += 1) {
      const { data, ...answer } = await ask(body);
      expect(data).toEqual({ packageJob: { id, status: 'SUCCESS' } });
      expect(leftOf(answer)).toBe(97 - count);
    }
    await expect.poll(() => server.inMemory()).toBe(before + 10);
    // A body that the cache does not answer goes on whole.
    const other = await ask(JSON.stringify({ query: JOB.replace('Job', 'Other'), variables: { id } }));
    expect([other.data, leftOf(other)]).toEqual([{ packageJob: { id, status: 'SUCCESS' } }, 84]);
  });

  it('refuses what is over it, by HTTP and over WebSocket', async () => {
    now += 60_000;
    const query = `query { ${Array.from({ length: 40 }, (_, index) => `a${String(index)}: packageJob(id: "${id}") { id status }`).join(' ')} }`;
    expect((await post(server.url, { query })).errors?.[0]?.extensions).toMatchObject({
      code: 'OPERATION_TOO_COMPLEX',
      value: 120,
    });
    const { socket, send, message } = await openSocket(server.url);
    const codes: unknown[] = [];
    for (let count = 1; count <= 35; count += 1) {
      const name = String(count);
      send({ id: name, type: 'subscribe', payload: { query: JOB, variables: { id } } });
      const { type, payload } = await message((found) => found.id === name && found.type !== 'next');
      if (type === 'error')
        codes.push((payload as { extensions: { policy: string } }[])[0]?.extensions.policy);
    }
    socket.terminate();
    // What was too complex has cost 1, and 33 operations 3 each.
    expect(codes).toEqual(['RATE_LIMIT', 'RATE_LIMIT']);
    const refused = await post(server.url, { query: '{ __typename }' });
    expect([refused.status, refused.errors?.[0]?.extensions['policy']]).toEqual([200, 'RATE_LIMIT']);
    now += 10_000;
    expect((await post(server.url, { query: '{ __typename }' })).errors).toBeUndefined();
  });
});
