import fc from 'fast-check';
import { askAs, MANNER, plainly } from './ask-as.ts';
import {
  bearerOf,
  expectedOf,
  FIELDS,
  foreignIn,
  isOfIce,
  isShownAs,
  jobOf,
  refusalProblem,
} from './checks.ts';
import { follow, STREAMS, type FollowStep } from './follow.ts';
import { list, type ListStep } from './list.ts';
import { read, READS, type ReadStep } from './read.ts';
import { askWhoTheyAre, type ViewerStep } from './viewer.ts';
import type { OwnedJob, World } from './world.ts';

/** What a client does, by numbers that stand for bearers and jobs. */
export type Step =
  | ({ readonly kind: 'read' } & ReadStep)
  | ({ readonly kind: 'list' } & ListStep)
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
      manner: MANNER,
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
      manner: MANNER,
      jobs: fc.array(job, { minLength: 1, maxLength: 1 }),
      prefer: fc.constant(true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      bearer,
      manner: MANNER,
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
    arbitrary: fc.record({ kind: fc.constant('viewer' as const), bearer, manner: MANNER }),
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

async function subscribe(world: World, step: Step & { kind: 'subscribe' }): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const { id, job } = jobOf(world, step.job);
  // Streams of HTTP are read to their end, which those of unfinished jobs do not have.
  if (step.transport !== 'socket' && expectedOf(bearer, job)?.status === 'INIT') return undefined;
  const query = `subscription Updated($ids: [ID!]!) { packageJobUpdated(ids: $ids) ${FIELDS} }`;
  const answer = await askAs(world, bearer, plainly(step.transport), {
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
  const answer = await askAs(world, bearer, plainly('post'), { query, variables });
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
