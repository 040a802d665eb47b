import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { openSocket } from '../../support/socket.ts';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly observedAt: string;
  readonly outputUrl?: string | null;
  readonly pollAfterMs: number | null;
}

/** What a subscription has been told so far. */
interface Told {
  readonly jobs: Job[];
  readonly errors: unknown[];
  isComplete: boolean;
  leave: () => void;
}

type Subscribe = (ids: readonly string[], fields?: string) => Promise<Told>;

const ENV = { STALE_IF_ERROR_S: '30', JOB_MAX_AGE_MS: '500', ICE_TIMEOUT_MS: '1000' };

let gateway: TestGateway;
let offsetMs: number;
let left: (() => void)[];

beforeEach(async () => {
  offsetMs = 0;
  left = [];
  gateway = await startGateway({ env: ENV, now });
});
afterEach(async () => {
  for (const leave of left) leave();
  await gateway.close();
});

function now(): number {
  return Date.now() + offsetMs;
}

/** Lets time pass for the gateway and for ICE. The timers of sweeps do not run on. */
function pass(ms: number): void {
  offsetMs += ms;
}

const add = (ageMs = 0) => gateway.emulator.jobs.add({ createTime: now() - ageMs, finishTime: Infinity });
const readOf = (id: string) =>
  gateway.query('query ($id: ID!) { packageJob(id: $id) { status observedAt } }', { id });

function take(
  { jobs, errors }: Told,
  result: { data?: { packageJobUpdated?: Job | null } | null; errors?: unknown[] },
): void {
  const job = result.data?.packageJobUpdated;
  if (job) jobs.push(job);
  errors.push(...(result.errors ?? []));
}

const subscription = (fields: string) =>
  `subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status observedAt pollAfterMs ${fields} } }`;

const bySocket: Subscribe = async (ids, fields = '') => {
  const { socket, send } = await openSocket(gateway.url);
  const told: Told = { jobs: [], errors: [], isComplete: false, leave: () => socket.terminate() };
  socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as {
      type: string;
      payload: Parameters<typeof take>[1];
    };
    if (type === 'next') take(told, payload);
    if (type === 'complete') told.isComplete = true;
  });
  send({ id: '1', type: 'subscribe', payload: { query: subscription(fields), variables: { ids } } });
  left.push(told.leave);
  return told;
};

const byStream: Subscribe = async (ids, fields = '') => {
  const controller = new AbortController();
  const told: Told = { jobs: [], errors: [], isComplete: false, leave: () => controller.abort() };
  left.push(told.leave);
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: subscription(fields), variables: { ids } }),
    signal: controller.signal,
  });
  const read = async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^event: next\ndata: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) take(told, JSON.parse(data) as Parameters<typeof take>[1]);
        if (event.startsWith('event: complete')) told.isComplete = true;
      }
    }
  };
  read().catch(() => undefined);
  return told;
};

const statuses = ({ jobs }: Told) => jobs.map(({ status }) => status);

describe.for([
  ['a WebSocket', bySocket],
  ['an event stream', byStream],
] as const)('a subscription by %s', ([, subscribe]) => {
  it('begins as fresh as a read, however long ago others began', async () => {
    const id = add(600_000);
    const first = await subscribe([id]);
    await vi.waitFor(() => expect(first.jobs).toHaveLength(1));
    pass(9000);
    const askedAt = now();
    const late = await Promise.all([subscribe([id]), subscribe([id])]);
    await vi.waitFor(() => expect(late.map(({ jobs }) => jobs.length)).toEqual([1, 1]));
    for (const { jobs } of late) expect(Date.parse(jobs[0]?.observedAt ?? '')).toBeGreaterThan(askedAt - 500);
    // Nothing has changed for the first.
    expect(first.jobs).toHaveLength(1);
  });

  it('says in its first event when the job is read next, from then', async () => {
    await gateway.close();
    // The share allows a call in 14 s.
    gateway = await startGateway({ env: { ...ENV, WATCH_SHARE: '0.01', ICE_CALLS_PER_SECOND: '7' }, now });
    const id = add(600_000);
    const first = await subscribe([id]);
    await vi.waitFor(() => expect(first.jobs).toHaveLength(1));
    // The first sweep tells what it costs.
    await vi.waitFor(() => expect(gateway.emulator.countRequests('GetPackageJob')).toBe(2), 5000);
    const toldAt = Date.now();
    // A burst of subscribers shares one result, and nobody after that.
    await vi.waitFor(() => expect(Date.now() - toldAt).toBeGreaterThan(150));
    pass(250);
    const askedAt = now();
    const late = await subscribe([id]);
    await vi.waitFor(() => expect(late.jobs).toHaveLength(1));
    const [job] = late.jobs;
    const pollAfterMs = job?.pollAfterMs ?? 0;
    expect(pollAfterMs).toBeLessThanOrEqual(Date.parse(job?.observedAt ?? '') + 15_000 - askedAt);
    expect(pollAfterMs).toBeGreaterThan(10_000);
  });

  it('begins with the end of a job that the gateway was not to read for long, and tells it to all', async () => {
    const id = add(600_000);
    const first = await subscribe([id]);
    await vi.waitFor(() => expect(first.jobs).toHaveLength(1));
    gateway.emulator.jobs.finish(id);
    pass(3000);
    const late = await subscribe([id]);
    await vi.waitFor(() => expect([first.isComplete, late.isComplete]).toEqual([true, true]));
    expect([first, late].map(statuses)).toEqual([['INIT', 'SUCCESS'], ['SUCCESS']]);
  });

  it('begins in an outage as a read does: with a stale state, and after its limit with none, until ICE is back', async () => {
    const id = add();
    const first = await subscribe([id]);
    await vi.waitFor(() => expect(first.jobs).toHaveLength(1));
    gateway.emulator.faults.add({ kind: 'status', status: 503, code: 'ServiceUnavailable', times: 'always' });
    pass(20_000);
    const stale = await subscribe([id]);
    await vi.waitFor(() => expect(statuses(stale)).toEqual(['INIT']), 10_000);
    pass(20_000);
    const late = await subscribe([id]);
    expect((await readOf(id)).errors).toMatchObject([{ extensions: { retryable: true } }]);
    expect(late.jobs).toEqual([]);
    gateway.emulator.jobs.finish(id);
    gateway.emulator.faults.clear();
    await vi.waitFor(() => expect(late.isComplete).toBe(true), 10_000);
    expect([first, stale, late].map(statuses)).toEqual([
      ['INIT', 'SUCCESS'],
      ['INIT', 'SUCCESS'],
      ['SUCCESS'],
    ]);
    expect(late.errors).toEqual([]);
  });

  it('tells the end of each job once its address is known, and no job waits for another', async () => {
    const [slow, quick] = [add(60_000), add(60_000)];
    const whole = await subscribe([slow, quick], 'outputUrl');
    const brief = await subscribe([slow, quick]);
    await vi.waitFor(() => expect([whole.jobs.length, brief.jobs.length]).toEqual([2, 2]));
    gateway.emulator.faults.add({ kind: 'hang', when: 'before-headers', jobId: slow, times: 'always' });
    for (const id of [slow, quick]) gateway.emulator.jobs.finish(id);
    await gateway.query('{ packageJobs(first: 100) { nodes { id status } } }');
    await vi.waitFor(() => expect(brief.isComplete).toBe(true), 5000);
    await vi.waitFor(() =>
      expect(whole.jobs.slice(2).map(({ id, outputUrl }) => [id, typeof outputUrl])).toEqual([
        [quick, 'string'],
      ]),
    );
    gateway.emulator.faults.clear();
    // A read by anybody brings the address. That of the gateway itself still hangs.
    await gateway.query('query ($id: ID!) { packageJob(id: $id) { outputUrl } }', { id: slow });
    await vi.waitFor(() => expect(whole.isComplete).toBe(true), 10_000);
    expect(whole.jobs.slice(2)).toMatchObject([
      { id: quick, status: 'SUCCESS', outputUrl: expect.any(String) },
      { id: slow, status: 'SUCCESS', outputUrl: expect.any(String) },
    ]);
    expect(whole.errors).toEqual([]);
  });

  it('tells the end without the address, and the error, where ICE refuses to give it', async () => {
    const id = add();
    const whole = await subscribe([id], 'outputUrl');
    await vi.waitFor(() => expect(whole.jobs).toHaveLength(1));
    gateway.emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      jobId: id,
      times: 'always',
    });
    gateway.emulator.jobs.finish(id);
    gateway.emulator.resetRequests();
    await gateway.query('{ packageJobs(first: 100) { nodes { id status } } }');
    await vi.waitFor(() => expect(whole.isComplete).toBe(true));
    // The event itself asks no more, as those of other jobs may stand behind it.
    expect(gateway.emulator.countRequests('GetPackageJob')).toBe(1);
    expect(whole.jobs.at(-1)).toMatchObject({ status: 'SUCCESS', outputUrl: null });
    expect(whole.errors).toMatchObject([
      { path: ['packageJobUpdated', 'outputUrl'], extensions: { code: 'UPSTREAM_REJECTED' } },
    ]);
  });
});
