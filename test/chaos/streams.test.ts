import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { openEventStream, openSocket, subscribeTo } from '../support/socket.ts';

const lines: string[] = [];
let gateway: TestGateway;
/** A job that somebody watches all the time. */
let witness: string;

beforeAll(async () => {
  const env = {
    POLL_MIN_MS: '100',
    POLL_MAX_MS: '100',
    JOB_MAX_AGE_MS: '100',
    // Then each call names its job.
    ICE_LIST_BATCHING: 'off',
    STREAM_KEEPALIVE_MS: '2000',
    MAX_STREAMS_PER_ADDRESS: '50',
  };
  gateway = await startGateway({ env, onLogLine: (line) => lines.push(line) });
  witness = addJob();
  const { send, message } = await openSocket(gateway.url);
  send(subscribeTo('1', [witness]));
  await message(({ type }) => type === 'next');
});

afterAll(() => gateway.close());

const addJob = () => gateway.emulator.jobs.add({ finishTime: Infinity });

/** How often ICE has been asked for a job since the counts were at zero. */
function asked(id: string): number {
  return gateway.emulator.requests.filter(({ params }) => params['JobId'] === id).length;
}

/** Expects that the job is soon not asked for any more, while one that is watched all the time has been thrice. */
async function expectLetGo(id: string): Promise<void> {
  await vi.waitFor(
    async () => {
      gateway.emulator.resetRequests();
      await vi.waitFor(() => expect(asked(witness)).toBeGreaterThanOrEqual(3), {
        timeout: 5000,
        interval: 5,
      });
      expect(asked(id)).toBe(0);
    },
    { timeout: 15_000 },
  );
}

/** The lines about clients that were cut off for this reason. */
function cuts(reason: string): string[] {
  return lines.filter((line) => line.includes(reason));
}

function warnings(text: string): number {
  return lines.filter((line) => line.includes('"level":40') && line.includes(text)).length;
}

describe('a WebSocket', () => {
  it.for([
    { what: 'garbage', code: 4400, says: ['no JSON'] },
    { what: 'JSON that is no message', code: 4400, says: ['{"type":"dance"}'] },
    { what: 'a binary frame', code: 4400, says: [Buffer.from([0, 1, 2, 255])] },
    { what: 'a message over 256 KiB', code: 1009, says: ['x'.repeat(256 * 1024 + 1)] },
    {
      what: 'a subscription before its connection_init',
      code: 4401,
      says: [JSON.stringify(subscribeTo('1', ['a']))],
    },
    {
      what: 'two connection_inits',
      code: 4429,
      says: ['{"type":"connection_init"}', '{"type":"connection_init"}'],
    },
  ])('that says $what is closed by $code', async ({ code, says }) => {
    const { socket, closed } = await openSocket(gateway.url, { isSilent: true });
    for (const text of says) socket.send(text);
    expect(await closed).toMatchObject({ code });
  });

  it('that never says connection_init is closed by 4408', async () => {
    const { closed } = await openSocket(gateway.url, { isSilent: true });
    expect(await closed).toMatchObject({ code: 4408 });
  });

  it('that uses an id twice is closed by 4409', async () => {
    const { send, closed, message } = await openSocket(gateway.url);
    const id = addJob();
    send(subscribeTo('1', [id]));
    await message(({ type }) => type === 'next');
    send(subscribeTo('1', [id]));
    expect(await closed).toMatchObject({ code: 4409 });
  });

  it('may have 100 operations at once, and each more is refused with a code', async () => {
    const { socket, send, messages, message } = await openSocket(gateway.url);
    const id = addJob();
    const before = warnings('too many operations');
    for (let index = 0; index < 1000; index += 1) send(subscribeTo(String(index), [id]));
    await message((told) => told.id === '999' && told.type === 'error');
    await message((told) => told.id === '99' && told.type === 'next');
    expect(messages.filter(({ type }) => type === 'error')).toHaveLength(900);
    expect(messages.find(({ type }) => type === 'error')?.payload).toMatchObject([
      {
        extensions: {
          code: 'RATE_LIMITED',
          policy: 'socketOperations',
          retryable: true,
          retryAfterMs: 1000,
        },
      },
    ]);
    expect(new Set(messages.flatMap((told) => (told.type === 'next' ? told.id : [])))).toHaveLength(100);
    expect(warnings('too many operations') - before).toBe(1);
    socket.close();
  });

  it('that asks for 10,000 ids is told the limit, without a call of ICE', async () => {
    const { socket, send, message } = await openSocket(gateway.url);
    gateway.emulator.resetRequests();
    send(
      subscribeTo(
        '1',
        Array.from({ length: 10_000 }, (_, index) => String(index)),
      ),
    );
    const { payload } = await message(({ type }) => type === 'error');
    expect(payload).toMatchObject([{ extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'listSize' } }]);
    send(
      subscribeTo(
        '2',
        Array.from({ length: 101 }, (_, index) => String(index)),
      ),
    );
    const { payload: refused } = await message((told) => told.type === 'error' && told.id === '2');
    expect(refused).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'ids' } }]);
    expect(gateway.emulator.requests.filter(({ params }) => params['JobId'] !== witness)).toEqual([]);
    socket.close();
  });

  it('that reads nothing and answers no ping is cut, and its jobs are let go', async () => {
    const { socket, send, message } = await openSocket(gateway.url);
    const id = addJob();
    send(subscribeTo('1', [id]));
    await message(({ type }) => type === 'next');
    expect(asked(id)).toBeGreaterThan(0);
    socket.pause();
    await expectLetGo(id);
    await vi.waitFor(() => expect(cuts('The client does not answer')).toHaveLength(1), { timeout: 5000 });
    socket.terminate();
  });

  it('that leaves megabytes unread is cut, and told so in the log', async () => {
    const { socket, send } = await openSocket(gateway.url);
    socket.pause();
    const fields =
      '__schema { types { name description fields { name description args { name description } } } }';
    const query = `{ ${['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => `${alias}: ${fields}`).join(' ')} }`;
    for (let index = 0; index < 100; index += 1) {
      send({ id: String(index), type: 'subscribe', payload: { query } });
    }
    await vi.waitFor(() => expect(cuts('The client reads too slowly')).toHaveLength(1), { timeout: 10_000 });
    socket.terminate();
  });

  it('of a page on another site is refused', async () => {
    const foreign = openSocket(gateway.url, { headers: { origin: 'https://example.com' } });
    await expect(foreign).rejects.toThrow('Unexpected server response: 403');
  });
});

describe('an event stream', () => {
  it('lets its jobs go when its client leaves', async () => {
    const id = addJob();
    const stream = await openEventStream(gateway.url, [id]);
    await stream.until(/"status":"INIT"/);
    expect(asked(id)).toBeGreaterThan(0);
    stream.leave();
    await expectLetGo(id);
  });
});

describe('connections', () => {
  it.for([
    { limit: 'MAX_STREAMS', status: 503, extensions: { code: 'OVERLOADED' } },
    {
      limit: 'MAX_STREAMS_PER_ADDRESS',
      status: 429,
      extensions: { code: 'RATE_LIMITED', policy: 'MAX_STREAMS_PER_ADDRESS' },
    },
  ])(
    'over $limit are refused for now, and are free again when one has closed',
    async ({ limit, status, extensions }) => {
      const own = await startGateway({ env: { [limit]: '2' } });
      const id = own.emulator.jobs.add({ finishTime: Infinity });
      const first = await openSocket(own.url);
      const stream = await openEventStream(own.url, [id]);
      await stream.until(/INIT/);
      await expect(openSocket(own.url)).rejects.toThrow(`Unexpected server response: ${String(status)}`);
      const refused = await openEventStream(own.url, [id]);
      expect(refused.status).toBe(status);
      expect(JSON.parse(await refused.rest())).toMatchObject({
        errors: [{ extensions: { ...extensions, retryable: true } }],
      });
      first.socket.close();
      await first.closed;
      const again = await vi.waitFor(() => openSocket(own.url), { timeout: 5000 });
      again.socket.close();
      stream.leave();
      await own.close();
    },
  );
});

it('after all that the gateway is well, and has logged no error', async () => {
  const id = addJob();
  const { socket, send, message } = await openSocket(gateway.url);
  send(subscribeTo('1', [id]));
  await message(({ type }) => type === 'next');
  gateway.emulator.jobs.finish(id);
  await message(({ type }) => type === 'complete');
  socket.close();
  expect(await gateway.query(`{ packageJob(id: "${id}") { status } }`)).toMatchObject({
    data: { packageJob: { status: 'SUCCESS' } },
  });
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
