import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime, GraphQLJSON, GraphQLURL } from 'graphql-scalars';

/** As graphql-scalars' own, save that times, checked when they were decoded, are written as they are. */
export const DateTime = new GraphQLScalarType<Date, string>({
  ...GraphQLDateTime.toConfig(),
  serialize: String,
});

export const URL = GraphQLURL;
export const JSON = GraphQLJSON;
