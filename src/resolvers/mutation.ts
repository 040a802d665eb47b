import type { MutationResolvers } from '../generated/graphql.ts';
import { SUBMISSION, withCosts } from './costs.ts';

export const Mutation = {
  submitPackageJob: withCosts(SUBMISSION, async (_root, { input }, { submitPackageJob }) => ({
    packageJob: await submitPackageJob(input),
  })),
} satisfies MutationResolvers;
