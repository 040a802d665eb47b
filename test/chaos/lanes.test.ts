import { describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { scrape } from '../support/scrape.ts';
import { postFrom } from './support/client.ts';
import { clientAt, type AddressedClient } from './support/clients.ts';
import { expectNoLeaks } from './support/leaks.ts';

const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
const ONE = 'query ($id: ID!) { packageJob(id: $id) { id } }';
const PAGE = 'query ($first: Int!) { packageJobs(first: $first) { nodes { id } } }';
const SUBMIT = `mutation ($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }`;

const input = (name: string) => ({
  name,
  inputs: [{ type: 'OSS', media: 'oss://example-bucket/in.mp4' }],
  output: { type: 'OSS', media: 'oss://example-bucket/out.mp4' },
});

interface Setting {
  readonly gateway: TestGateway;
  /** Has far more calls waiting than can be made. */
  readonly flooder: AddressedClient;
  readonly other: AddressedClient;
}

const it = test.extend<{ setting: Setting }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  setting: async ({}, use) => {
    const gateway = await startGateway({
      env: { ICE_CALLS_PER_SECOND: '50', REQUEST_TIMEOUT_MS: '60000', ALLOW_SUBMIT: 'true' },
      emulator: { seed: 'none' },
    });
    const flooder = clientAt('127.0.0.1', gateway.url);
    const other = clientAt('127.0.0.2', gateway.url);
    // New connections are accepted in the order in which they came. This client has one before the flood.
    await other.query('{ __typename }');
    await use({ gateway, flooder, other });
    flooder.leave();
    other.leave();
    await gateway.close();
  },
});

const unknown = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `unknown-${String(first + index)}`);

/** Calls that can be made while a busy machine hands one over. The flooder has several times as many operations waiting. */
const FEW = 50;

/** Asks for more ids at once than one client may. Resolves to the errors of an operation that was refused. */
async function flood({ flooder }: Setting): Promise<Readonly<Record<string, unknown>>[]> {
  const answers = Array.from({ length: 100 }, (_, index) =>
    flooder.query(BY_ID, { ids: unknown(30 * index, 30) }),
  );
  return Promise.any(
    answers.map(async (answer) => {
      const { errors } = await answer;
      if (errors === undefined) throw new TypeError('it was answered');
      return errors.map(({ extensions }) => extensions);
    }),
  );
}

/** How many calls for the flooder began before this one of the other client, since the request log was reset. */
function callsBefore(
  { emulator }: TestGateway,
  isOurs: (params: Readonly<Record<string, string>>) => boolean,
) {
  return emulator.requests.findIndex(({ params }) => isOurs(params));
}

expectNoLeaks();

describe('two clients, one of which floods', () => {
  it('refuses the one that is over its bound, with RATE_LIMITED', async ({ setting }) => {
    const refused = await flood(setting);
    const limited = { code: 'RATE_LIMITED', retryable: true, policy: 'readsOfClient', retryAfterMs: 1000 };
    for (const error of refused) expect(error).toMatchObject(limited);
  });

  it.for([
    { accept: 'application/json', status: 200 },
    { accept: 'application/graphql-response+json', status: 429 },
  ])(
    'refuses a query that could need too many reads as a whole, with $status for $accept',
    async (row, { setting }) => {
      const { accept, status } = row;
      const { gateway, other } = setting;
      await flood(setting);
      const ask = (query: string, variables: object) =>
        postFrom('127.0.0.1', gateway.url, { query, variables }, { accept });
      const refused = await ask(BY_ID, { ids: unknown(5000, 100) });
      expect(refused).toMatchObject({
        status,
        errors: [{ extensions: { code: 'RATE_LIMITED', policy: 'readsOfClient' } }],
      });
      expect(refused).not.toHaveProperty('data');
      const id = gateway.emulator.jobs.add();
      expect(await other.query(ONE, { id })).toEqual({ data: { packageJob: { id } } });
      const submitted = await ask(SUBMIT, { input: input('ours') });
      expect(submitted).toMatchObject({ status: 200, data: { submitPackageJob: {} } });
    },
  );

  it('starts the reads of the other next', async ({ setting }) => {
    const { gateway, other } = setting;
    const ids = Array.from({ length: 5 }, () => gateway.emulator.jobs.add());
    await flood(setting);
    for (const id of ids) {
      gateway.emulator.resetRequests();
      expect(await other.query(ONE, { id })).toEqual({ data: { packageJob: { id } } });
      expect(callsBefore(gateway, ({ JobId }) => JobId === id)).toBeLessThan(FEW);
    }
  });

  it('starts a read next that the other has joined', async ({ setting }) => {
    const { gateway, other } = setting;
    await flood(setting);
    for (const id of ['unknown-1999', 'unknown-1969']) {
      gateway.emulator.resetRequests();
      expect(await other.query(ONE, { id })).toEqual({ data: { packageJob: null } });
      expect(callsBefore(gateway, ({ JobId }) => JobId === id)).toBeLessThan(FEW);
    }
  });

  it('starts pages and submissions of the other next too', async ({ setting }) => {
    const { gateway, flooder, other } = setting;
    for (let index = 0; index < 250; index += 1) {
      const first = 1 + (index % 100);
      flooder.query(PAGE, { first }).catch(() => undefined);
      flooder.query(SUBMIT, { input: input('theirs') }).catch(() => undefined);
    }
    await expect
      .poll(() => gateway.emulator.countRequests('SubmitPackageJob'), { timeout: 10_000 })
      .toBeGreaterThan(40);
    gateway.emulator.resetRequests();
    const submitted = await other.query(SUBMIT, { input: input('ours') });
    const page = await other.query(PAGE, { first: 1 });
    expect([submitted.errors, page.errors]).toEqual([undefined, undefined]);
    const submissions = gateway.emulator.requests.filter(({ action }) => action === 'SubmitPackageJob');
    expect(submissions.findIndex(({ params }) => params['Name'] === 'ours')).toBeLessThan(FEW);
  });
});

/** A busy machine takes its time. */
const PATIENT = { timeout: 20_000 };

/** Calls of one action that may be in flight at once. A tenth of them is kept from a client while another has asked of late. */
const CONCURRENCY = 10;
const OF_FLOODER = CONCURRENCY - 1;

const timesOf = (year: number, first: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(year, 0, 1, 0, 0, first + index)).toISOString(),
  );

const pagesUntil = (times: readonly string[]) =>
  `{ ${times.map((time, index) => `p${String(index)}: packageJobs(first: 1, filter: { createdTo: "${time}" }) { nodes { id } }`).join(' ')} }`;

/** What is read, ever new. `theirs` is an operation of the flooder, of so many `calls`. `ours` is one read of the other client. */
const READS = [
  {
    what: 'a job',
    action: 'GetPackageJob',
    theirs: (index: number) => ({ query: BY_ID, variables: { ids: unknown(100 * index, 100) } }),
    calls: 100,
    ours: (index: number) => ({ query: ONE, variables: { id: `ours-${String(index)}` } }),
    isOurs: ({ JobId = '' }: Params) => JobId.startsWith('ours'),
  },
  {
    what: 'a page',
    action: 'ListPackageJobs',
    theirs: (index: number) => ({ query: pagesUntil(timesOf(2010, 20 * index, 20)), variables: {} }),
    calls: 20,
    ours: (index: number) => ({ query: pagesUntil(timesOf(2005, index, 1)), variables: {} }),
    isOurs: ({ EndOfCreateTime = '' }: Params) => EndOfCreateTime.startsWith('2005'),
  },
] as const;

type Params = Readonly<Record<string, string>>;

/**
 * Another client, and one that has all the calls in flight that it may have, and hundreds waiting. So time does not matter: no
 * call of the flooder can start before one has ended, and none of these ends by itself.
 */
async function flooded({ action, theirs, calls, isOurs }: (typeof READS)[number], isOursHeld: boolean) {
  const gateway = await startGateway({
    env: {
      ICE_MAX_CONCURRENCY: String(CONCURRENCY),
      ICE_TIMEOUT_MS: '60000',
      REQUEST_TIMEOUT_MS: '60000',
      ICE_LIST_BATCHING: 'off',
    },
    emulator: { seed: 'none' },
    hasMetrics: true,
  });
  const { emulator } = gateway;
  const other = clientAt('127.0.0.2', gateway.url);
  // Both have asked of late.
  await other.query(ONE, { id: 'ours-once' });
  await other.query(pagesUntil(timesOf(2005, 3600, 1)));
  const releases = Array.from({ length: OF_FLOODER }, () => emulator.faults.hold({ action }));
  if (isOursHeld) releases.push(emulator.faults.hold({ action, times: 'always' }));
  emulator.resetRequests();
  const flooders = Array.from({ length: OF_FLOODER }, (_, index) => {
    const flooder = clientAt('127.0.0.1', gateway.url);
    const { query, variables } = theirs(index);
    flooder.query(query, variables).catch(() => undefined);
    return flooder;
  });
  const started = () => emulator.countRequests(action);
  await expect.poll(started, PATIENT).toBe(OF_FLOODER);
  /** How many calls wait for their turn. */
  const waiting = async () => {
    const { series } = await scrape(gateway.metricsUrl);
    return series.get(`pjg_ice_queue_length{action="${action}"}`) ?? 0;
  };
  await expect.poll(waiting, PATIENT).toBe(OF_FLOODER * calls - OF_FLOODER);
  return {
    other,
    started,
    /** Ends one of the calls that the flooder has in flight. */
    endOne: () => releases.shift()?.(),
    waiting,
    /** Whose calls have started since all were in flight, in order. */
    order: () =>
      emulator.requests.slice(OF_FLOODER).map(({ params }) => (isOurs(params) ? 'ours' : 'theirs')),
    close: async () => {
      other.leave();
      for (const flooder of flooders) flooder.leave();
      for (const release of releases) release();
      await gateway.close();
    },
  };
}

describe.for(READS)('while one client has hundreds of calls waiting, $what of another', (row) => {
  it('is read with no call of the first in between, again and again', async () => {
    const { other, order, waiting, close } = await flooded(row, false);
    const before = await waiting();
    for (let index = 0; index < 20; index += 1) {
      const { query, variables } = row.ours(index);
      expect(await other.query(query, variables)).not.toHaveProperty('errors');
    }
    expect(order()).toEqual(Array.from({ length: 20 }, () => 'ours'));
    expect(await waiting()).toBe(before);
    await close();
  });

  it('is the next to be read when no call is free and one ends', async () => {
    const { other, endOne, order, started, waiting, close } = await flooded(row, true);
    const ask = (index: number) => {
      const { query, variables } = row.ours(index);
      other.query(query, variables).catch(() => undefined);
    };
    // It takes the call that was kept free.
    ask(0);
    await expect.poll(started, PATIENT).toBe(OF_FLOODER + 1);
    for (let turn = 1; turn <= 2; turn += 1) {
      const before = await waiting();
      ask(turn);
      await expect.poll(waiting, PATIENT).toBe(before + 1);
      expect(started()).toBe(OF_FLOODER + turn);
      endOne();
      await expect.poll(started, PATIENT).toBe(OF_FLOODER + turn + 1);
    }
    expect(order()).toEqual(['ours', 'ours', 'ours']);
    await close();
  });
});
