import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLJSON, GraphQLURL } from 'graphql-scalars';

// These are graphql-scalars' own, but times and addresses are written as they are. They were checked when they were read. To
// make an object of each takes longer than all else that is done for a job.

export const DateTime = new GraphQLScalarType<Date, string>({
  ...GraphQLDateTime.toConfig(),
  serialize: String,
});

export const URL = new GraphQLScalarType<unknown, string>({
  ...GraphQLURL.toConfig(),
  serialize: String,
});

export const JSON = GraphQLJSON;
