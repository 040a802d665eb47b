import fc from 'fast-check';
import { ask, type Transport } from './ask.ts';
import { bearerOf, FIELDS, foreignIn, refusalProblem } from './checks.ts';
import { follow, STREAMS, type FollowStep } from './follow.ts';
import { askWhoTheyAre, VIEWER_TRANSPORT, type ViewerStep } from './viewer.ts';
import type { Bearer, OwnedJob, World } from './world.ts';

/** What a client does, by numbers that stand for bearers and jobs. */
export type Step =
  | {
      readonly kind: 'read';
      readonly bearer: number;
      readonly way: keyof typeof READS;
      readonly transport: Transport;
      readonly jobs: readonly number[];
      readonly prefer: boolean;
    }
  | {
      readonly kind: 'list';
      readonly bearer: number;
      readonly first: number;
      readonly status: boolean;
      readonly thief: number;
    }
  | {
      readonly kind: 'subscribe';
      readonly bearer: number;
      readonly transport: 'socket' | 'events' | 'multipart';
      readonly job: number;
    }
  | ({ readonly kind: 'follow' } & FollowStep)
  | { readonly kind: 'submit'; readonly bearer: number; readonly userData: number }
  | ({ readonly kind: 'viewer' } & ViewerStep)
  | { readonly kind: 'renew'; readonly bearer: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'fault'; readonly times: number };

/** The ways to read jobs by id. Each gives them in order. */
const READS = {
  packageJob: (ids: readonly string[]) => ({
    query: `query One($a: ID!, $b: ID!) { a: packageJob(id: $a) ${FIELDS} b: packageJob(id: $b) ${FIELDS} }`,
    variables: { a: ids[0], b: ids[1] ?? ids[0] },
  }),
  byId: (ids: readonly string[]) => ({
    query: `query Many($ids: [ID!]!) { jobs: packageJobsById(ids: $ids) ${FIELDS} }`,
    variables: { ids },
  }),
  node: (ids: readonly string[]) => ({
    query: `query Node($a: ID!) { a: node(id: $a) { id ... on PackageJob { name userData status } } }`,
    variables: { a: ids[0] },
  }),
  nodes: (ids: readonly string[]) => ({
    query: `query Nodes($ids: [ID!]!) { jobs: nodes(ids: $ids) { id ... on PackageJob { name userData status } } }`,
    variables: { ids },
  }),
  inText: (ids: readonly string[]) => ({ query: `{ a: packageJob(id: "${ids[0] ?? ''}") ${FIELDS} }` }),
  detail: (ids: readonly string[]) => ({
    query: `query Detail($ids: [ID!]!) { jobs: packageJobsById(ids: $ids) { id name userData status outputUrl pollAfterMs } }`,
    variables: { ids },
  }),
  wait: (ids: readonly string[]) => ({
    query: `query Wait($a: ID!) { a: packageJob(id: $a, wait: { until: FINISHED, timeoutSeconds: 1 }) ${FIELDS} }`,
    variables: { a: ids[0] },
  }),
} as const;

/** Jobs are drawn from a few, so that bearers meet. A number past them is an id that ICE does not know. */
const job = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }).map((number) => 20 * number) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 100_003 }) },
);
const bearer = fc.nat({ max: 13 });

export const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 120,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      bearer,
      way: fc.constantFrom(...(Object.keys(READS).filter((way) => way !== 'wait') as (keyof typeof READS)[])),
      transport: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('post' as const, 'get' as const) },
        { weight: 1, arbitrary: fc.constantFrom('socket' as const, 'events' as const, 'multipart' as const) },
      ),
      jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
      prefer: fc.constant(false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      bearer,
      way: fc.constantFrom('wait' as const, 'inText' as const),
      transport: fc.constant('post' as const),
      jobs: fc.array(job, { minLength: 1, maxLength: 1 }),
      prefer: fc.constant(true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      bearer,
      first: fc.integer({ min: 1, max: 12 }),
      status: fc.boolean(),
      thief: bearer,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('subscribe' as const),
      bearer,
      transport: fc.constantFrom('socket' as const, 'events' as const, 'multipart' as const),
      job,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('follow' as const),
      bearer,
      transport: fc.constantFrom(...(Object.keys(STREAMS) as (keyof typeof STREAMS)[])),
      filter: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('submit' as const), bearer, userData: fc.nat({ max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('viewer' as const), bearer, transport: VIEWER_TRANSPORT }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('renew' as const), bearer }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 100, max: 3000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fault' as const), times: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** Does a step, and says how what was seen differs from what may be seen. `undefined`: it does not. */
export async function take(world: World, step: Step): Promise<string | undefined> {
  switch (step.kind) {
    case 'advance':
      world.advance(step.ms);
      return undefined;
    case 'fault':
      world.gateway.emulator.faults.add({ kind: 'status', status: 503, times: step.times });
      return undefined;
    case 'renew':
      world.renew(bearerOf(world, step.bearer));
      return undefined;
    case 'read':
      return read(world, step);
    case 'list':
      return list(world, step);
    case 'subscribe':
      return subscribe(world, step);
    case 'follow':
      return follow(world, step);
    case 'viewer':
      return askWhoTheyAre(world, step);
    case 'submit':
    default:
      return submit(world, step);
  }
}

const isOfIce = (code: string) => code.startsWith('UPSTREAM_') || code === 'OVERLOADED';

function expectedOf({ sees }: Bearer, job: OwnedJob | undefined): OwnedJob | null {
  return job !== undefined && sees?.(job) === true ? job : null;
}

/** Whether a value is what a job must be shown as. */
function isShownAs(value: unknown, expected: OwnedJob | null): boolean {
  if (expected === null || typeof value !== 'object' || value === null) return value === expected;
  const shown = value as Partial<OwnedJob>;
  return (['id', 'name', 'userData', 'status'] as const).every((name) => shown[name] === expected[name]);
}

/** A job by its number. An id that ICE does not know has none. */
function jobOf({ jobs }: World, number: number): { readonly id: string; readonly job: OwnedJob | undefined } {
  const job = jobs[number];
  return { id: job?.id ?? number.toString(16).padStart(32, 'f'), job };
}

async function read(world: World, step: Step & { kind: 'read' }): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const asked = step.jobs.map((number) => jobOf(world, number));
  const operation = READS[step.way](asked.map(({ id }) => id));
  const headers: Record<string, string> = step.prefer ? { prefer: 'wait=1' } : {};
  const answer = await ask(world, await world.authorization(bearer), step.transport, operation, headers);
  const foreign = foreignIn(world, bearer, answer.text);
  if (foreign !== undefined) return foreign;
  if (bearer.sees === undefined) return refusalProblem(bearer, answer);
  if (answer.errors.some(({ extensions }) => !isOfIce(extensions.code))) return 'it has an error';
  if (answer.data === null) return answer.errors.length > 0 ? undefined : 'it has no data';
  const { jobs = null, a = null, b = null } = answer.data as Record<string, unknown>;
  const values = Array.isArray(jobs) ? (jobs as unknown[]) : step.way === 'packageJob' ? [a, b] : [a];
  const failed = new Set(
    answer.errors.map(({ path = [] }) => (path[0] === 'jobs' ? path[1] : path[0] === 'b' ? 1 : 0)),
  );
  const wanted = step.way === 'packageJob' ? [asked[0], asked[1] ?? asked[0]] : asked;
  const wrong = values.findIndex(
    (value, index) => !failed.has(index) && !isShownAs(value, expectedOf(bearer, wanted[index]?.job)),
  );
  return wrong === -1 ? undefined : `value ${String(wrong)} is wrong`;
}

interface Page {
  readonly nodes: readonly OwnedJob[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function list(world: World, { bearer: number, first, status, thief }: Step & { kind: 'list' }) {
  const bearer = bearerOf(world, number);
  const other = bearerOf(world, thief);
  const authorization = await world.authorization(bearer);
  const query = `query List($first: Int, $after: String, $filter: PackageJobFilter) {
    packageJobs(first: $first, after: $after, filter: $filter) { nodes ${FIELDS} pageInfo { hasNextPage endCursor } }
  }`;
  const filter = status ? { status: 'SUCCESS' } : null;
  const known = [...world.jobs];
  const seen: OwnedJob[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 1000; pages += 1) {
    const answer = await ask(world, authorization, 'post', { query, variables: { first, after, filter } });
    const foreign = foreignIn(world, bearer, answer.text);
    if (foreign !== undefined) return foreign;
    if (bearer.sees === undefined) return refusalProblem(bearer, answer);
    if (answer.errors.some(({ extensions }) => isOfIce(extensions.code))) return undefined;
    const page = answer.data?.['packageJobs'] as Page | undefined;
    if (page === undefined) return `page ${String(pages)} is missing: ${answer.text}`;
    seen.push(...page.nodes);
    after = page.pageInfo.endCursor;
    if (pages === 0 && after !== null && viewOf(other) !== viewOf(bearer) && other.sees !== undefined) {
      const stolen = await ask(world, await world.authorization(other), 'post', {
        query,
        variables: { first, after, filter },
      });
      if (stolen.errors[0]?.extensions.code !== 'BAD_USER_INPUT')
        return 'its cursor works for another bearer';
    }
    if (!page.pageInfo.hasNextPage) {
      const visible = known.filter(
        (job) => bearer.sees?.(job) === true && (!status || job.status === 'SUCCESS'),
      );
      const ids = new Set(seen.map(({ id }) => id));
      if (ids.size !== seen.length) return 'a job is listed twice';
      return visible.every(({ id }) => ids.has(id))
        ? undefined
        : `it lacks jobs: ${String(seen.length)} of ${String(visible.length)}`;
    }
    if (page.nodes.length === 0 && first < 100 && pages > 25) return 'its pages do not end';
  }
  return 'its pages do not end';
}

/** Two bearers with the same one share cursors. */
function viewOf({ claims: { owner = null, job_ids = null, scope } }: Bearer): string {
  return JSON.stringify([owner, job_ids, scope]);
}

async function subscribe(world: World, step: Step & { kind: 'subscribe' }): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const { id, job } = jobOf(world, step.job);
  // Streams of HTTP are read to their end, which those of unfinished jobs do not have.
  if (step.transport !== 'socket' && expectedOf(bearer, job)?.status === 'INIT') return undefined;
  const query = `subscription Updated($ids: [ID!]!) { packageJobUpdated(ids: $ids) ${FIELDS} }`;
  const answer = await ask(world, await world.authorization(bearer), step.transport, {
    query,
    variables: { ids: [id] },
  });
  const foreign = foreignIn(world, bearer, answer.text);
  if (foreign !== undefined) return foreign;
  if (bearer.sees === undefined) return refusalProblem(bearer, answer);
  const expected = expectedOf(bearer, job);
  const shown = answer.data?.['packageJobUpdated'] ?? null;
  if (!isShownAs(shown, expected)) return 'its first event is wrong';
  const isUnknown = answer.errors[0]?.extensions.code === 'BAD_USER_INPUT';
  return expected === null && !isUnknown ? 'it should name the id' : undefined;
}

const USER_DATA = [undefined, '{}', '{"a":1}', '{"owner":"alice"}', 'no object'];

async function submit(world: World, step: Step & { kind: 'submit' }): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const { owner, job_ids: jobIds } = bearer.claims;
  const name = `marker-${String(world.jobs.length)}-end`;
  const userData = USER_DATA[step.userData];
  const query = `mutation Submit($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob ${FIELDS} } }`;
  const media = { type: 'OSS', media: 'oss://bucket/key' };
  const variables = {
    input: { name, inputs: [media], output: media, ...(userData !== undefined && { userData }) },
  };
  const answer = await ask(world, await world.authorization(bearer), 'post', { query, variables });
  const code = answer.errors[0]?.extensions.code;
  const made = answer.data?.['submitPackageJob'] as { packageJob: OwnedJob } | null | undefined;
  if (made?.packageJob !== undefined) {
    // ICE finishes it at some time, so it takes no part in what follows.
    const data = JSON.parse(made.packageJob.userData ?? 'null') as { owner?: unknown };
    return data.owner === owner && jobIds === undefined ? undefined : 'it was submitted for another owner';
  }
  if (code === undefined) return 'it is neither accepted nor refused';
  if (code === 'FORBIDDEN' || code === 'UNAUTHENTICATED')
    return bearer.code === code || jobIds !== undefined ? undefined : `it is refused with ${code}`;
  if (code === 'BAD_USER_INPUT')
    return userData === 'no object' || (userData?.includes('owner') === true && owner !== 'alice')
      ? undefined
      : 'its user data is refused';
  return isOfIce(code) ? undefined : `it is refused with ${code}`;
}
