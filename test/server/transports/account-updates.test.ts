import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { openSocket } from '../../support/socket.ts';
import { RESTRICTED, startServer } from '../../support/visible-jobs.ts';
import { followAll, statusesOf, TRANSPORTS, type AccountStream } from '../../support/account-streams.ts';
import { socketFrom } from '../../chaos/support/client.ts';

/** Long enough ago that nobody is told of it as of a new job. */
const OLD_MS = 60_000;

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    emulator: { seed: 'none' },
    env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100', ...env },
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

const unfinished = (ageMs = 0) => ({ createTime: Date.now() - ageMs, finishTime: Infinity });
const has = (id: string, status: string) => (events: AccountStream['events']) =>
  events.some(({ data }) => data?.packageJobsUpdated?.id === id && data.packageJobsUpdated.status === status);

describe.for(TRANSPORTS)('a subscription to all jobs, by %s', (transport) => {
  it('tells of a job that others submit, and of one that was there before, and of no other', async () => {
    const { url, emulator } = await start();
    const known = emulator.jobs.add(unfinished(OLD_MS));
    const quiet = [
      emulator.jobs.add(unfinished(OLD_MS)),
      emulator.jobs.add({ createTime: Date.now() - OLD_MS }),
    ];
    const stream = await followAll(url, transport);
    const added = emulator.jobs.add(unfinished());
    await stream.until(has(added, 'INIT'));
    emulator.jobs.finish(known);
    emulator.jobs.finish(added);
    await stream.until((events) => has(known, 'SUCCESS')(events) && has(added, 'SUCCESS')(events));
    expect(statusesOf(stream, known)).toEqual(['SUCCESS']);
    expect(statusesOf(stream, added)).toEqual(['INIT', 'SUCCESS']);
    expect(quiet.flatMap((id) => statusesOf(stream, id))).toEqual([]);
    expect([stream.isComplete(), stream.events.some(({ errors }) => errors)]).toEqual([false, false]);
    stream.leave();
  });

  it('with a filter tells of what matches, and of what does not any more', async () => {
    const { url, emulator } = await start();
    const known = emulator.jobs.add(unfinished(OLD_MS));
    const streams = await Promise.all(
      [{ status: 'INIT' }, { status: 'FAIL' }, { createdFrom: new Date(Date.now() - 1000) }].map((filter) =>
        followAll(url, transport, filter),
      ),
    );
    const added = emulator.jobs.add(unfinished());
    const [init, fail, recent] = streams as [AccountStream, AccountStream, AccountStream];
    await Promise.all([init.until(has(added, 'INIT')), recent.until(has(added, 'INIT'))]);
    emulator.jobs.finish(known, { status: 'Fail' });
    emulator.jobs.finish(added, { status: 'Success' });
    await init.until((events) => has(known, 'FAIL')(events) && has(added, 'SUCCESS')(events));
    await fail.until(has(known, 'FAIL'));
    await recent.until(has(added, 'SUCCESS'));
    const told = streams.map((stream) => [statusesOf(stream, known), statusesOf(stream, added)]);
    expect(told).toEqual([
      [['FAIL'], ['INIT', 'SUCCESS']],
      [['FAIL'], []],
      [[], ['INIT', 'SUCCESS']],
    ]);
    for (const stream of streams) stream.leave();
  });

  it('tells a job whose address is selected once that is known', async () => {
    const { url, emulator } = await start();
    const stream = await followAll(url, transport, {}, 'id status outputUrl');
    const done = emulator.jobs.add({ createTime: Date.now(), finishTime: Date.now() });
    await stream.until(has(done, 'SUCCESS'));
    const event = stream.events.find(({ data }) => data?.packageJobsUpdated?.id === done);
    expect(event?.data?.packageJobsUpdated?.outputUrl).toMatch(/^https?:/);
    expect(event?.errors).toBeUndefined();
    stream.leave();
  });

  it('tells that an unfinished job is gone', async () => {
    const { url, emulator } = await start();
    const stream = await followAll(url, transport);
    const id = emulator.jobs.add(unfinished());
    await stream.until(has(id, 'INIT'));
    emulator.jobs.remove(id);
    await stream.until(({ length }) => length === 2);
    expect(stream.events[1]).toMatchObject({
      data: { packageJobsUpdated: null },
      errors: [{ extensions: { code: 'BAD_USER_INPUT', jobId: id, retryable: false } }],
    });
    expect(stream.isComplete()).toBe(false);
    stream.leave();
  });

  it('ends when the gateway stops, without an end of its own', async () => {
    const gateway = await startGateway({ emulator: { seed: 'none' } });
    const stream = await followAll(gateway.url, transport);
    await gateway.close();
    expect([stream.events, transport !== 'multipart' && stream.isComplete()]).toEqual([[], false]);
  });

  it('is refused with a filter that no list takes', async () => {
    const { url } = await start();
    const { send, message, socket } = await openSocket(url);
    const query = 'subscription { packageJobsUpdated(filter: { status: UNKNOWN }) { id } }';
    send({ id: '1', type: 'subscribe', payload: { query } });
    expect((await message(({ type }) => type === 'error')).payload).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: 'filter.status' } },
    ]);
    socket.terminate();
  });
});

describe('subscriptions to all jobs', () => {
  it(
    'stay while ICE is down, are told nothing, and catch up after it, with more than a page',
    { timeout: 90_000 },
    async () => {
      const { url, emulator } = await start();
      const known = emulator.jobs.add(unfinished(OLD_MS));
      const stream = await followAll(url, 'server-sent events');
      const before = emulator.jobs.add(unfinished());
      await stream.until(has(before, 'INIT'));
      emulator.faults.add({ kind: 'reset', when: 'before-headers', times: 'always' });
      emulator.jobs.finish(known);
      const ids = Array.from({ length: 250 }, () => emulator.jobs.add(unfinished()));
      emulator.resetRequests();
      await stream.until(() => emulator.countRequests('ListPackageJobs') > 3);
      expect(stream.events).toHaveLength(1);
      emulator.faults.clear();
      await stream.until((events) => events.length === 252);
      for (const id of ids) expect(statusesOf(stream, id)).toEqual(['INIT']);
      expect(statusesOf(stream, known)).toEqual(['SUCCESS']);
      expect(stream.events.some(({ errors }) => errors)).toBe(false);
      stream.leave();
    },
  );

  it.for([1, 100])('of %i clients cost the same calls', { timeout: 90_000 }, async (count) => {
    const { url, emulator } = await start({ POLL_MIN_MS: '500', POLL_MAX_MS: '500', JOB_MAX_AGE_MS: '500' });
    for (let job = 0; job < 150; job += 1) emulator.jobs.add(unfinished(OLD_MS));
    const streams = await Promise.all(
      Array.from({ length: count }, (_, index) => followAll(url, TRANSPORTS[index % 3] ?? 'WebSocket')),
    );
    const first = streams[0] as AccountStream;
    const added = emulator.jobs.add(unfinished());
    await Promise.all(streams.map((stream) => stream.until(has(added, 'INIT'))));
    emulator.resetRequests();
    const startedAt = Date.now();
    const ids = Array.from({ length: 20 }, () => emulator.jobs.add(unfinished()));
    for (const id of ids.slice(0, 10)) emulator.jobs.finish(id);
    await Promise.all(streams.map((stream) => stream.until(({ length }) => length >= 21)));
    await first.until(() => Date.now() - startedAt > 3000);
    const seconds = (Date.now() - startedAt) / 1000;
    // A look each half second, a sweep of two pages and a check, and a read of each job that was new or ended.
    expect(emulator.countRequests()).toBeLessThan((seconds * 2 + 1) * (1 + 2 + 1) + 40);
    for (const stream of streams) stream.leave();
  });

  it('that come and go cost no more than one that stays', async () => {
    const { url, emulator } = await start({ POLL_MIN_MS: '1000' });
    emulator.jobs.add(unfinished(OLD_MS));
    const startedAt = Date.now();
    for (let time = 0; time < 30; time += 1) (await followAll(url, 'WebSocket')).leave();
    const seconds = (Date.now() - startedAt) / 1000;
    expect(emulator.countRequests('ListPackageJobs')).toBeLessThanOrEqual(2 + 2 * Math.ceil(seconds));
  });

  it('that nobody has any more cost nothing', async () => {
    const { url, emulator } = await start({ POLL_MAX_MS: '100' });
    emulator.jobs.add(unfinished(OLD_MS));
    const other = emulator.jobs.add(unfinished(OLD_MS));
    const stream = await followAll(url, 'server-sent events');
    await stream.until(() => emulator.countRequests('ListPackageJobs') > 3);
    stream.leave();
    const { send, message, socket } = await openSocket(url);
    const query = `subscription { packageJobUpdated(ids: ["${other}"]) { id } }`;
    send({ id: '1', type: 'subscribe', payload: { query } });
    await message(({ type }) => type === 'next');
    // The one that is still watched says that time passes.
    await vi.waitFor(
      async () => {
        emulator.resetRequests();
        await vi.waitFor(() => expect(emulator.countRequests('GetPackageJob')).toBeGreaterThan(5), {
          timeout: 5000,
        });
        expect(emulator.countRequests('ListPackageJobs')).toBe(0);
      },
      { timeout: 15_000 },
    );
    socket.terminate();
  });

  it('of one client are bounded, and others notice nothing', async () => {
    const { url } = await start();
    const most = BOUNDS.listeners.max / 100;
    const query = 'subscription { packageJobsUpdated { id } }';
    const sockets = await Promise.all(Array.from({ length: 3 }, () => socketFrom('127.0.0.3', url)));
    for (const [place, { send, message }] of sockets.slice(0, 2).entries()) {
      for (let index = 0; index < most / 2; index += 1)
        send({ id: `${String(place)}-${String(index)}`, type: 'subscribe', payload: { query } });
      if (place === 1) {
        send({ id: '0-0', type: 'ping' });
        await message(({ type }) => type === 'pong');
      }
    }
    const third = sockets[2] as (typeof sockets)[0];
    let refused: unknown;
    for (let index = 0; refused === undefined && index < 100; index += 1) {
      third.send({ id: `t${String(index)}`, type: 'subscribe', payload: { query } });
      third.send({ id: `q${String(index)}`, type: 'subscribe', payload: { query: '{ __typename }' } });
      const answer = await third.message(
        ({ id, type }) => type === 'error' || (id === `q${String(index)}` && type === 'complete'),
      );
      if (answer.type === 'error') refused = answer.payload;
      else third.send({ id: `t${String(index)}`, type: 'complete' });
    }
    expect(refused).toMatchObject([{ extensions: { code: 'RATE_LIMITED', policy: 'listeners' } }]);
    const other = await socketFrom('127.0.0.4', url);
    other.send({ id: '1', type: 'subscribe', payload: { query } });
    other.send({ id: '2', type: 'subscribe', payload: { query: '{ __typename }' } });
    await other.message(({ id, type }) => id === '2' && type === 'complete');
    for (const { close } of [...sockets, other]) close();
  });

  it('tell a client of no job that it may not see', async () => {
    const server = await startServer(Date.now);
    onTestFinished(() => server.close());
    const query = 'subscription { packageJobsUpdated { id } }';
    const [restricted, all] = await Promise.all(
      [RESTRICTED, '127.0.0.1'].map((address) => socketFrom(address, server.url)),
    );
    for (const socket of [restricted, all]) socket?.send({ id: '1', type: 'subscribe', payload: { query } });
    const hidden = server.emulator.jobs.add({ ...unfinished(), userData: 'hidden' });
    await all?.message(({ payload }) => JSON.stringify(payload ?? '').includes(hidden));
    const shown = server.emulator.jobs.add({ ...unfinished(), userData: 'shown' });
    const first = await restricted?.message(({ type }) => type === 'next');
    expect(first?.payload).toEqual({ data: { packageJobsUpdated: { id: shown } } });
    for (const socket of [restricted, all]) socket?.close();
  });

  it('end with a reason when ICE refuses to list jobs', async () => {
    const { url, emulator } = await start();
    emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      action: 'ListPackageJobs',
      times: 'always',
    });
    const stream = await followAll(url, 'server-sent events');
    await stream.until(({ length }) => length === 1);
    expect(stream.events[0]?.errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_REJECTED' });
    await stream.until(stream.isComplete);
  });
});
