import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getOperationAST, GraphQLError, parse, type DocumentNode } from 'graphql';

const send = createGraphiQLFetcher({
  url: '/graphql',
  // By graphql-ws; what the headers editor has, such as `authorization`, goes along when the connection opens.
  subscriptionUrl: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  // What the answer cost upstream is then in its `extensions`.
  headers: { 'x-upstream-receipt': '1' },
  enableIncrementalDelivery: false,
});

/**
 * Sends what the editor holds. GraphiQL itself looks at a document only a moment after it was opened, and would until
 * then send the operation name of the tab before, and a subscription by HTTP.
 */
export const fetcher: Fetcher = (params, options = {}) => {
  const document = read(params.query);
  if (!document) return send(params, options);
  const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document);
  const operationName = operation?.name?.value ?? null;
  return send({ ...params, operationName }, { ...options, documentAST: document });
};

/** `undefined` for what does not parse: the gateway says why. */
function read(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}
