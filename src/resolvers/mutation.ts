import type { MutationResolvers } from '../generated/graphql.ts';

export const Mutation = {
  submitPackageJob: async (_root, { input }, { submitPackageJob }) => ({
    packageJob: await submitPackageJob(input),
  }),
} satisfies MutationResolvers;
