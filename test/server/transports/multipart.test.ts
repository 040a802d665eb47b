import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';

/** A response in parts, as it comes. */
async function openParts({ url }: TestGateway, ids: readonly string[]) {
  const controller = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'multipart/mixed; subscriptionSpec="1.0"' },
    body: JSON.stringify({ query: SUBSCRIPTION, variables: { ids } }),
    signal: controller.signal,
  });
  onTestFinished(() => controller.abort());
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<boolean> => {
    const chunk = await reader?.read();
    text += chunk?.value ?? '';
    return chunk?.done === false;
  };
  return {
    response,
    /** The parts that are complete once there are `count`, or all when the response has ended. */
    parts: async (count = Infinity): Promise<unknown[]> => {
      while (partsOf(text).length < count && (await next()));
      return partsOf(text);
    },
    text: () => text,
    leave: () => controller.abort(),
  };
}

/** A part is complete when the delimiter after it has come. */
function partsOf(text: string): unknown[] {
  const [, ...parts] = text.split('\r\n--graphql');
  return parts
    .slice(0, -1)
    .map(
      (part) =>
        JSON.parse(
          part.replace(/^\r\ncontent-type: application\/json; charset=utf-8\r\n\r\n/, ''),
        ) as unknown,
    );
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

const isEmpty = (part: unknown) => JSON.stringify(part) === '{}';

describe('a response in parts', () => {
  it('has a part for each state as it comes, and ends with the jobs', async () => {
    const gateway = await start();
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const { response, parts, text } = await openParts(gateway, [id]);
    expect(response.headers.get('content-type')).toBe(
      'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
    );
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    const state = (status: string) => ({ payload: { data: { packageJobUpdated: { id, status } } } });
    // It is complete although nothing comes behind it.
    expect(await parts(1)).toEqual([state('INIT')]);
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    expect(await parts()).toEqual([state('INIT'), state('SUCCESS')]);
    expect(text()).toMatch(/\r\n--graphql--\r\n$/);
  });

  it('has an empty part as often as a WebSocket is pinged', async () => {
    const gateway = await start({ STREAM_KEEPALIVE_MS: '100' });
    const { parts } = await openParts(gateway, [gateway.emulator.jobs.add({ finishTime: Infinity })]);
    expect((await parts(4)).filter(isEmpty).length).toBeGreaterThanOrEqual(3);
  });

  it('tells of an error of one job beside the others', async () => {
    const gateway = await start();
    const id = gateway.emulator.jobs.add({ finishTime: Date.now() });
    const { parts } = await openParts(gateway, ['no-such-job', id]);
    expect(await parts()).toEqual(
      expect.arrayContaining([
        {
          payload: {
            data: { packageJobUpdated: null },
            errors: [expect.objectContaining({ path: ['packageJobUpdated'] })],
          },
        },
        { payload: { data: { packageJobUpdated: { id, status: 'SUCCESS' } } } },
      ]),
    );
  });

  it('ends with an error that says when to come back when the gateway stops', async () => {
    const gateway = await start();
    const { parts, text } = await openParts(gateway, [gateway.emulator.jobs.add({ finishTime: Infinity })]);
    await parts(1);
    const closed = gateway.close();
    expect((await parts()).at(-1)).toEqual({
      payload: null,
      errors: [
        {
          message: 'The gateway is shutting down',
          extensions: {
            code: 'OVERLOADED',
            retryable: true,
            retryAfterMs: expect.any(Number),
            requestId: expect.any(String),
          },
        },
      ],
    });
    expect(text()).toMatch(/\r\n--graphql--\r\n$/);
    await closed;
  });

  it('counts as a stream until its client leaves', async () => {
    const gateway = await start({ MAX_STREAMS_PER_ADDRESS: '1' });
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const first = await openParts(gateway, [id]);
    await first.parts(1);
    const second = await openParts(gateway, [id]);
    expect(second.response.status).toBe(429);
    expect(second.response.headers.get('retry-after')).toBe('1');
    first.leave();
    await expect.poll(async () => (await openParts(gateway, [id])).response.status).toBe(200);
  });
});
