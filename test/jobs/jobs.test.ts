import { pino } from 'pino';
import { createClient as createSseClient } from 'graphql-sse';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createIceClient, type IceClient } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { createJobs, type JobEntry, type Jobs } from '../../src/jobs/jobs.ts';
import type { PackageJob } from '../../src/jobs/model.ts';
import { createPlanner } from '../../src/jobs/source/planner.ts';
import { startJobs } from '../../src/jobs/start-jobs.ts';
import { createEvents } from '../support/events.ts';
import { post } from '../support/gateway.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { createServerOf } from '../support/server.ts';
import { openSocket, subscribeTo } from '../support/socket.ts';

const FIELDS = 'id name status outputUrl pollAfterMs';
const HIDDEN = 'hidden';

/** Hides jobs: a job that may not be seen does not exist. */
function visibleJobs(jobs: Jobs, isVisible: (job: PackageJob) => boolean): Jobs {
  const visible = (entry: JobEntry): JobEntry =>
    entry.job === null || isVisible(entry.job) ? entry : { ...entry, job: null };
  return createJobs({
    ...jobs,
    get: async (...args) => visible(await jobs.get(...args)),
    getFreshMany(ids) {
      const entries = jobs.getFreshMany(ids);
      return entries && new Map([...entries].map(([id, entry]) => [id, visible(entry)]));
    },
    async list(...args) {
      const page = await jobs.list(...args);
      const nodes = page.nodes.filter(isVisible);
      return { ...page, nodes, edges: page.edges.filter(({ node }) => isVisible(node)) };
    },
    listen(id, { onState, onFailure }, context) {
      const listener = {
        onFailure,
        onState: (job: PackageJob | null) => onState(job !== null && isVisible(job) ? job : null),
      };
      const { entry, stop } = jobs.listen(id, listener, context);
      return { entry: entry && visible(entry), stop };
    },
  });
}

let emulator: Emulator;
let ice: IceClient;
let url: string;
let close: () => Promise<void>;
/** A job that may be seen, one that may not, and an id that ICE does not know. */
let shown = '';
let hidden = '';
let unknown = '';

beforeAll(async () => {
  emulator = await startEmulator({ limits: NO_LIMITS });
  const events = createEvents();
  ice = createIceClient({
    endpoint: new URL(emulator.endpoint),
    credentials: staticCredentials(emulator.credentials),
    timeoutMs: 2000,
    callsPerSecond: 10_000,
    maxConcurrency: 32,
    events: events.ice,
  });
  const { freshness, pollInterval } = readConfig({});
  const jobs = startJobs({
    ice,
    source: (memory) =>
      createPlanner({ ice, memory, isListBatchingOn: true, now: Date.now, events: events.jobs }),
    freshness,
    pollInterval,
    maxJobs: 1000,
    readTimeoutMs: 2000,
    allowSubmit: false,
    events: events.jobs,
    now: Date.now,
  });
  const app = await createServerOf({
    jobsFor: () => visibleJobs(jobs, ({ name }) => name !== HIDDEN),
    logger: pino({ level: 'silent' }),
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
  close = () => app.close();
});

afterAll(async () => {
  await close();
  ice.close();
  await emulator.close();
});

let count = 0;
beforeEach(() => {
  count += 1;
  shown = emulator.jobs.add({ name: `shown ${String(count)}` });
  hidden = emulator.jobs.add({ name: HIDDEN });
  unknown = `unknown-${String(count)}`;
});

/** A response without what is different in each: ids, times, the request's own id. */
async function responseTo(query: string, id: string): Promise<object> {
  const { status, headers, data, errors } = await post(url, { query, variables: { id } });
  const text = JSON.stringify({ data, errors }).replaceAll(id, 'the id');
  const cacheControl = headers.get('cache-control');
  return { status, cacheControl, body: text.replace(/"requestId":"[^"]*"/g, '') };
}

describe('a job that may not be seen', () => {
  it.for([
    ['packageJob', `query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } }`],
    ['packageJobsById', `query ($id: ID!) { packageJobsById(ids: [$id]) { ${FIELDS} } }`],
    ['node', `query ($id: ID!) { node(id: $id) { id ... on PackageJob { ${FIELDS} } } }`],
    ['nodes', `query ($id: ID!) { nodes(ids: [$id]) { id ... on PackageJob { ${FIELDS} } } }`],
    ['a wait', `query ($id: ID!) { packageJob(id: $id, wait: { timeoutSeconds: 50 }) { ${FIELDS} } }`],
  ])('is by %s as one that ICE does not know, however often it is asked for', async ([, query = '']) => {
    for (let time = 0; time < 4; time += 1) {
      const absent = await responseTo(query, unknown);
      expect(await responseTo(query, hidden)).toEqual(absent);
      expect(JSON.stringify(await responseTo(query, shown))).toContain(`shown ${String(count)}`);
    }
  });

  it('is on no page', async () => {
    const { data } = await post(url, {
      query: '{ packageJobs(first: 100) { nodes { name } edges { node { name } } } }',
    });
    expect(JSON.stringify(data)).toContain(`shown ${String(count)}`);
    expect(JSON.stringify(data)).not.toContain(HIDDEN);
  });

  it('is unknown to a WebSocket', async () => {
    const told: unknown[] = [];
    for (const id of [hidden, unknown]) {
      const { socket, send, message } = await openSocket(url);
      send(subscribeTo('1', [id]));
      const { payload } = await message(({ type }) => type === 'next');
      await message(({ type }) => type === 'complete');
      told.push(JSON.parse(JSON.stringify(payload).replace(/"requestId":"[^"]*"/g, '"requestId":""')));
      socket.close();
    }
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).toMatchObject({ data: { packageJobUpdated: null }, errors: [{}] });
  });

  it('is unknown to an event stream, beside one that is told of', async () => {
    const client = createSseClient({ url: `${url}/graphql`, retryAttempts: 0 });
    const query = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id name } }';
    emulator.jobs.finish(shown);
    const told: string[] = [];
    for await (const result of client.iterate({ query, variables: { ids: [hidden, shown] } })) {
      told.push(JSON.stringify(result));
    }
    expect(told).toHaveLength(2);
    expect(told.join()).toContain(`shown ${String(count)}`);
    expect(told.join()).not.toContain(`"${HIDDEN}"`);
  });
});
