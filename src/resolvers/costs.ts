import type { ComplexityEstimatorArgs } from 'graphql-query-complexity';
import { BOUNDS } from '../bounds.ts';
import { MAX_JOBS } from '../jobs/input.ts';

/** The cost of a field, from its arguments and the cost of one of its items. */
export type FieldCost = (field: Pick<ComplexityEstimatorArgs, 'args' | 'childComplexity'>) => number;

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
  complexity: ({ args, childComplexity }) => 1 + (pageSize(args) ?? 1) * childComplexity,
  reads: ({ args, childComplexity }) => LISTS_PER_PAGE + (pageSize(args) ?? 20) * childComplexity,
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

function pageSize({ first }: ComplexityEstimatorArgs['args']): number | undefined {
  return typeof first === 'number' ? Math.max(1, Math.min(first, MAX_JOBS)) : undefined;
}
