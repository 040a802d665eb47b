import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BOUNDS } from '../../src/bounds.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { subscribeTo, type Message } from '../support/socket.ts';
import { ANOTHER, ONE, openRaw, postFrom, requestBytes, socketFrom, type Result } from './support/client.ts';

const ENV = {
  POLL_MIN_MS: '100',
  POLL_MAX_MS: '100',
  JOB_MAX_AGE_MS: '100',
  // Then each call names its job.
  ICE_LIST_BATCHING: 'off',
};

const lines: string[] = [];
let gateway: TestGateway;
/** A job that somebody watches all the time. */
let witness: string;

beforeAll(async () => {
  gateway = await startGateway({ env: ENV, onLogLine: (line) => lines.push(line) });
  witness = await watchOne(gateway);
});

/** Has somebody watch a job for as long as the gateway runs. */
async function watchOne({ emulator, url }: TestGateway): Promise<string> {
  const id = emulator.jobs.add({ finishTime: Infinity });
  const { send, message } = await socketFrom('127.0.0.9', url);
  send(subscribeTo('1', [id]));
  await message(({ type }) => type === 'next');
  return id;
}

afterAll(() => gateway.close());

const addJob = () => gateway.emulator.jobs.add({ finishTime: Infinity });

/** An operation with so many fields that wait for a job. */
const waitsFor = (id: string, fields: number, timeoutSeconds = 55) => ({
  query: `query($w: PackageJobWait) { ${Array.from({ length: fields }, (_, index) => `a${String(index)}: packageJob(id: "${id}", wait: $w) { status }`).join(' ')} }`,
  variables: { w: { until: 'FINISHED', timeoutSeconds } },
});

/** Resolves when none of these jobs is asked for any more, while one that is watched all the time has been thrice. */
async function letGo(ids: readonly string[], { emulator } = gateway, watched = witness): Promise<void> {
  const asked = (id: string) => emulator.requests.filter(({ params }) => params['JobId'] === id).length;
  await vi.waitFor(
    async () => {
      emulator.resetRequests();
      await vi.waitFor(() => expect(asked(watched)).toBeGreaterThanOrEqual(3), {
        timeout: 5000,
        interval: 5,
      });
      expect(ids.filter((id) => asked(id) > 0)).toEqual([]);
    },
    { timeout: 15_000 },
  );
}

/** A subscription whose document takes more than 60 KB by its comment. */
function subscribeAtLength(id: string): Message {
  const query = `subscription S${id} { packageJobUpdated(ids: ["${witness}"]) { id } } #${'x'.repeat(60_000)}`;
  return { id, type: 'subscribe', payload: { query } };
}

/** The text of a message with a variable that is nested deep. `JSON.stringify` cannot write such a one. */
function nestedDeep(message: object): string {
  return JSON.stringify(message).replace('"NESTED"', '['.repeat(16_000) + ']'.repeat(16_000));
}

/** The codes of all errors, with the bounds that they name. */
const refusalsOf = ({ errors = [] }: Result) =>
  new Set(errors.map(({ extensions }) => `${String(extensions['code'])} ${String(extensions['policy'])}`));

describe('waits', () => {
  it('of one client are bounded, others can still wait, and they are free again when they have ended', async () => {
    const id = addJob();
    const full = Array.from({ length: BOUNDS.waits.max / 100 }, () =>
      postFrom(ONE, gateway.url, waitsFor(id, 100)),
    );
    await vi.waitFor(
      async () => {
        const refused = await postFrom(ONE, gateway.url, waitsFor(id, 1, 1));
        expect(refusalsOf(refused)).toEqual(new Set(['RATE_LIMITED waits']));
      },
      { timeout: 10_000 },
    );
    const preferring = { query: `{ packageJob(id: "${id}") { status } }` };
    const preferred = await postFrom(ONE, gateway.url, preferring, { prefer: 'wait=1' });
    expect(refusalsOf(preferred)).toEqual(new Set(['RATE_LIMITED waits']));
    const other = await postFrom(ANOTHER, gateway.url, waitsFor(id, 1, 1));
    expect(other).toMatchObject({ data: { a0: { status: 'INIT' } } });
    gateway.emulator.jobs.finish(id);
    for (const { data, errors } of await Promise.all(full)) {
      expect(errors).toBeUndefined();
      expect(data?.['a99']).toEqual({ status: 'SUCCESS' });
    }
    expect(await postFrom(ONE, gateway.url, waitsFor(addJob(), 1, 1))).toMatchObject({
      data: { a0: { status: 'INIT' } },
    });
  });

  it('of one operation are refused as a whole when the client cannot have all of them', async () => {
    const id = addJob();
    const few = postFrom(ONE, gateway.url, waitsFor(id, 1));
    const most = Array.from({ length: BOUNDS.waits.max / 100 - 1 }, () =>
      postFrom(ONE, gateway.url, waitsFor(id, 100)),
    );
    await vi.waitFor(
      async () => {
        const { data, errors } = await postFrom(ONE, gateway.url, waitsFor(id, 100, 1));
        expect(data).toBeUndefined();
        expect(errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', policy: 'waits' } }]);
      },
      { timeout: 10_000 },
    );
    const preferred = await postFrom(
      ONE,
      gateway.url,
      {
        query: waitsFor(id, 100)
          .query.replaceAll(', wait: $w', '')
          .replace(/^[^{]*/, ''),
      },
      { prefer: 'wait=1' },
    );
    expect(preferred.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED', policy: 'waits' } }]);
    gateway.emulator.jobs.finish(id);
    for (const { errors } of await Promise.all([few, ...most])) expect(errors).toBeUndefined();
  });

  it('of one operation are bounded, whoever asks', async () => {
    const { query, variables } = waitsFor(witness, 100, 1);
    const oneMore = query.replace('{ a0', `{ packageJob(id: "${witness}", wait: $w) { id } a0`);
    const { data, errors } = await postFrom(ONE, gateway.url, { query: oneMore, variables });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'wait' } }]);
    expect(data).toMatchObject({ a0: { status: 'INIT' }, a98: { status: 'INIT' } });
  });

  it('end when their operation is completed on a WebSocket', async () => {
    const id = addJob();
    const { send, message, close } = await socketFrom(ONE, gateway.url);
    send({ id: 'wait', type: 'subscribe', payload: waitsFor(id, 3) });
    send({ id: 'now', type: 'subscribe', payload: { query: '{ __typename }' } });
    await message((told) => told.id === 'now' && told.type === 'complete');
    send({ id: 'wait', type: 'complete' });
    await expect(letGo([id])).resolves.toBeUndefined();
    close();
  });
});

describe('subscriptions', () => {
  it('of one client are bounded by what they listen to, and others notice nothing', async () => {
    const ids = Array.from({ length: 100 }, addJob);
    const sockets = await Promise.all([1, 2].map(() => socketFrom(ONE, gateway.url)));
    for (const { send, message } of sockets) {
      for (let index = 0; index < 100; index += 1) send(subscribeTo(String(index), ids));
      await message((told) => told.id === '99' && told.type === 'next');
    }
    const third = await socketFrom(ONE, gateway.url);
    third.send(subscribeTo('1', [witness]));
    const refused = (await third.message(({ type }) => type === 'error')).payload;
    expect(refused).toMatchObject([{ extensions: { code: 'RATE_LIMITED', policy: 'listeners' } }]);
    const other = await socketFrom(ANOTHER, gateway.url);
    other.send(subscribeTo('1', ids));
    await other.message(({ type }) => type === 'next');
    for (const { close } of [...sockets, other]) close();
    await expect(letGo(ids)).resolves.toBeUndefined();
    third.send(subscribeTo('2', [witness]));
    await third.message((told) => told.id === '2' && told.type === 'next');
    third.close();
  }, 60_000);

  it('of one client are bounded by how many jobs are watched for it', async () => {
    const own = await startGateway({ env: { ...ENV, CACHE_MAX_JOBS: '1000' } });
    const add = () => own.emulator.jobs.add({ finishTime: Infinity });
    const ids = Array.from({ length: 100 }, add);
    const one = await socketFrom(ONE, own.url);
    one.send(subscribeTo('1', ids));
    one.send(subscribeTo('2', [add()]));
    const refused = await one.message(({ id, type }) => id === '2' && type === 'error');
    expect(refused.payload).toMatchObject([{ extensions: { code: 'RATE_LIMITED', policy: 'watchedJobs' } }]);
    const another = await socketFrom(ANOTHER, own.url);
    another.send(subscribeTo('1', [add()]));
    await another.message(({ type }) => type === 'next');
    for (const { close } of [one, another]) close();
    await own.close();
  });

  it('of one client are bounded by the text that they keep', async () => {
    const sockets = await Promise.all([1, 2].map(() => socketFrom(ONE, gateway.url)));
    for (const [place, { send }] of sockets.entries())
      for (let index = 0; index < 90; index += 1) send(subscribeAtLength(String(100 * place + index)));
    const { payload } = await Promise.any(
      sockets.map(({ message }) => message(({ type }) => type === 'error')),
    );
    expect(payload).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', policy: 'subscriptionDocuments' } },
    ]);
    for (const { close } of sockets) close();
    const another = await socketFrom(ANOTHER, gateway.url);
    another.send(subscribeAtLength('1'));
    await another.message(({ type }) => type === 'next');
    another.close();
  });

  it('end although their id is used again before they have begun', async () => {
    const [first, second] = [addJob(), addJob()];
    const { send, message, close } = await socketFrom(ONE, gateway.url);
    send(subscribeTo('1', [first]), { id: '1', type: 'complete' }, subscribeTo('1', [second]));
    await message((told) => told.type === 'next');
    await expect(letGo([first])).resolves.toBeUndefined();
    send({ id: '1', type: 'complete' });
    await expect(letGo([first, second])).resolves.toBeUndefined();
    close();
  });

  it('let go of their jobs and streams when their client leaves before their turn', async () => {
    const own = await startGateway({ env: { ...ENV, MAX_STREAMS_PER_ADDRESS: '1' } });
    const id = own.emulator.jobs.add({ finishTime: Infinity });
    const { payload } = subscribeTo('1', [id]);
    const stream = requestBytes(payload as object, { accept: 'text/event-stream' });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const leave = await openRaw(own.url, requestBytes(waitsFor(id, 100)).repeat(3) + stream);
      leave();
    }
    const socket = await vi.waitFor(() => socketFrom(ONE, own.url), { timeout: 5000 });
    socket.close();
    await expect(letGo([id], own, await watchOne(own))).resolves.toBeUndefined();
    await own.close();
  });
});

describe('variables that are nested deep', () => {
  const { query } = subscribeTo('1', []).payload as { query: string };

  it.for(['application/json', 'text/event-stream'])('are refused to who accepts %s', async (accept) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: `${accept}, text/event-stream` },
      body: nestedDeep({ query, variables: { ids: 'NESTED' } }),
    });
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).toMatch(/"code":"BAD_USER_INPUT".*"argument":"variables"/);
  });

  it('are refused on a WebSocket', async () => {
    const { send, message, close } = await socketFrom(ONE, gateway.url);
    send(nestedDeep({ id: '1', type: 'subscribe', payload: { query, variables: { ids: 'NESTED' } } }));
    const { payload } = await message(({ type }) => type === 'error');
    expect(payload).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'variables' } }]);
    close();
  });

  it('do not matter where no operation declares them, and its jobs are let go of', async () => {
    const id = addJob();
    const { send, message, close } = await socketFrom(ONE, gateway.url);
    const payload = { query, variables: { ids: [id], other: 'NESTED' } };
    send(nestedDeep({ id: '1', type: 'subscribe', payload }));
    await message(({ type }) => type === 'next');
    close();
    await expect(letGo([id])).resolves.toBeUndefined();
  });
});

describe('operations of one client', () => {
  it('take turns with those of others, however many it sends at once', { timeout: 60_000 }, async () => {
    const fields = Array.from({ length: 100 }, (_, index) => `a${String(index)}: __typename`);
    let answered = 0;
    const all = Array.from({ length: 200 }, async (_, index) => {
      await postFrom(ONE, gateway.url, { query: `query Q${String(index)} { ${fields.join(' ')} }` });
      answered += 1;
    });
    await vi.waitFor(() => expect(answered).toBeGreaterThan(0), { interval: 1, timeout: 10_000 });
    const before = answered;
    await postFrom(ANOTHER, gateway.url, { query: '{ __typename }' });
    // It would be all that are left, if it had to wait for them.
    expect(answered - before).toBeLessThan(0.9 * (all.length - before));
    await Promise.all(all);
  });
});

it('after all that no unexpected error was logged', () => {
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
