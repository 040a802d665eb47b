import { describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
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
