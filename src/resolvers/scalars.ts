import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLJSON, GraphQLURL } from 'graphql-scalars';

// As graphql-scalars' own, save that times and addresses are written as they are: they were checked when they were read,
// and an object for each takes longer than all else that is done for a job.

export const DateTime = new GraphQLScalarType<Date, string>({
  ...GraphQLDateTime.toConfig(),
  serialize: String,
});

export const URL = new GraphQLScalarType<unknown, string>({
  ...GraphQLURL.toConfig(),
  serialize: String,
});

export const JSON = GraphQLJSON;
