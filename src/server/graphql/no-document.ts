import type { GraphQLRequest } from '@apollo/server';
import { parse } from 'graphql';

const text = '{ __typename }';

/** Stands in for a document that is refused. It is never executed, and never stored under the hash of another text. */
export const NO_DOCUMENT = { text, document: parse(text) };

/** Has Apollo Server go on with another document. */
export function setDocument(request: GraphQLRequest, query: string): void {
  request.query = query;
  // Otherwise Apollo Server would look for its hash among those that clients have registered.
  delete request.extensions;
}
