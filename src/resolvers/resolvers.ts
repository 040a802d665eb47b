import type { Resolvers } from '../generated/graphql.ts';
import { MediaObject } from './media-object.ts';
import { Mutation } from './mutation.ts';
import { Node, PackageJob } from './package-job.ts';
import { Query } from './query.ts';
import { DateTime, JSON, URL } from './scalars.ts';
import { Subscription } from './subscription.ts';

export const resolvers: Resolvers = {
  Query,
  Mutation,
  Subscription,
  Node,
  PackageJob,
  MediaObject,
  DateTime,
  JSON,
  URL,
};
