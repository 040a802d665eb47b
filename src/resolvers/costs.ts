import type { ComplexityEstimatorArgs } from 'graphql-query-complexity';
import { BOUNDS } from '../bounds.ts';
import { DEFAULT_PAGE_SIZE, MAX_JOBS } from '../jobs/input.ts';

/** The cost of a field, from its arguments, the cost of one of its items, and who asks. */
export type FieldCost = (
  field: Pick<ComplexityEstimatorArgs, 'args' | 'childComplexity'> & { readonly context?: CostContext },
) => number;

/** What the cost of a field depends on besides the operation. */
export interface CostContext {
  /** How many jobs exist for whoever asks, where its token names them and lists read these. @default nobody knows */
  readonly givenJobs?: number | undefined;
}

/** What a field declares of its costs. */
export interface FieldCosts {
  /** Fields in the response. graphql-query-complexity reads this extension. @default 1 + children */
  readonly complexity?: FieldCost;
  /** Reads of ICE that the field can cause when nothing is in memory. @default children */
  readonly reads?: FieldCost;
  /** How many jobs the field waits for, by its arguments. A field that has it waits for one by `Prefer: wait`. @default none */
  readonly waits?: FieldCost;
}

/** Declares the costs of a field as its extensions. */
export function costing(costs: FieldCosts): { readonly extensions: FieldCosts } {
  return { extensions: costs };
}

/** Declares the costs of a field beside its resolver. */
export function withCosts<Resolve>(
  costs: FieldCosts,
  resolve: Resolve,
): { readonly resolve: Resolve; readonly extensions: FieldCosts } {
  return { resolve, ...costing(costs) };
}

/** The costs of a field that reads one job by its id. */
export const ONE_JOB: FieldCosts = { reads: () => 1 };

/** The costs of a field that reads one job by its id, and can wait for it. */
export const AWAITED_JOB: FieldCosts = { ...ONE_JOB, waits: ({ args }) => (args['wait'] ? 1 : 0) };

/** The costs of a field that reads the jobs of its argument `ids`. */
export const JOBS_BY_ID: FieldCosts = {
  complexity: ({ args, childComplexity }) => 1 + Math.max(1, idsIn(args)) * childComplexity,
  reads: ({ args }) => idsIn(args),
};

/** The most lists of ICE that one page of jobs can take. */
const LISTS_PER_PAGE = 9;

/** The costs of a page of jobs, with its argument `first`. */
export const PAGE_OF_JOBS: FieldCosts = {
  complexity: ({ args, childComplexity, context }) => 1 + pageSize(args, context) * childComplexity,
  reads: ({ args, childComplexity, context }) =>
    Math.max(1, context?.givenJobs ?? LISTS_PER_PAGE) + pageSize(args, context) * childComplexity,
};

/** The costs of a subscription to all jobs: the lists that say what there is when nobody listens yet, and one job of an event. */
export const ALL_JOBS: FieldCosts = {
  reads: ({ childComplexity }) => 1 + Math.ceil(BOUNDS.followedJobs.max / MAX_JOBS) + childComplexity,
};

/** The costs of a submission: the submission itself, and the read of the job after it. */
export const SUBMISSION: FieldCosts = { reads: () => 2 };

/** The field itself refuses a longer list, and names the argument. */
function idsIn({ ids }: ComplexityEstimatorArgs['args']): number {
  return Array.isArray(ids) ? Math.min(ids.length, MAX_JOBS) : 1;
}

/** How many jobs a page has at most. The field itself refuses a size that is none. */
function pageSize(
  { first }: ComplexityEstimatorArgs['args'],
  { givenJobs = MAX_JOBS }: CostContext = {},
): number {
  const size = typeof first === 'number' ? first : DEFAULT_PAGE_SIZE;
  return Math.max(1, Math.min(size, MAX_JOBS, givenJobs));
}
