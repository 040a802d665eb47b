import { askAs, type Manner } from './ask-as.ts';
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
import type { World } from './world.ts';

/** Somebody reads jobs. */
export interface ReadStep {
  readonly bearer: number;
  readonly way: keyof typeof READS;
  readonly manner: Manner;
  readonly jobs: readonly number[];
  readonly prefer: boolean;
}

/** The ways to read jobs by id. Each gives them in order. */
export const READS = {
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

/** Reads jobs by their ids. */
export async function read(world: World, step: ReadStep): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const asked = step.jobs.map((number) => jobOf(world, number));
  const operation = READS[step.way](asked.map(({ id }) => id));
  const headers: Record<string, string> = step.prefer ? { prefer: 'wait=1' } : {};
  const answer = await askAs(world, bearer, step.manner, operation, headers);
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
