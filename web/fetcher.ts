import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getOperationAST, GraphQLError, parse, type DocumentNode } from 'graphql';
import { GRAPHQL_URL, SOCKET_URL } from './root.ts';

const send = createGraphiQLFetcher({
  url: GRAPHQL_URL,
  // Subscriptions use graphql-ws. The headers in the headers editor, such as `authorization`, go into `connection_init`.
  subscriptionUrl: SOCKET_URL,
  // The `extensions` of the response then say what it cost upstream.
  headers: { 'x-upstream-receipt': '1' },
  enableIncrementalDelivery: false,
});

/**
 * Sends the document in the editor. GraphiQL parses a new document with a short delay. Until then it would send the
 * operation name of the previous tab, and it would send a subscription over HTTP.
 */
export const fetcher: Fetcher = (params, options = {}) => {
  const document = read(params.query);
  if (!document) return send(params, options);
  const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document);
  const operationName = operation?.name?.value ?? null;
  return send({ ...params, operationName }, { ...options, documentAST: document });
};

/** `undefined` when the document does not parse. The gateway then returns the error. */
function read(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}
