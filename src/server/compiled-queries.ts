import type { ApolloServerPlugin } from '@apollo/server';
import { LRUCache } from 'lru-cache';
import {
  getVariableValues,
  OperationTypeNode,
  type DocumentNode,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { compileOperation, type CompiledOperation } from './compiled.ts';
import type { GatewayContext } from './context.ts';
import { formatThrown } from './errors.ts';

/** Most documents whose compiled queries are kept. */
const MAX_DOCUMENTS = 500;

/** The queries of a document by name; `undefined` for one that graphql-js has to execute. */
type Compiled = Map<string | null, CompiledOperation | undefined>;

/**
 * Executes queries that come again by graphql-jit. A query runs by graphql-js when it is new, when it cannot be compiled,
 * and when its variables are wrong, which graphql-js has the words for.
 */
export function compiledQueries(schema: GraphQLSchema): ApolloServerPlugin<GatewayContext> {
  const byDocument = new LRUCache<DocumentNode, Compiled>({ max: MAX_DOCUMENTS });

  function compiledQuery(document: DocumentNode, name: string | null): CompiledOperation | undefined {
    const known = byDocument.get(document);
    if (known === undefined) {
      byDocument.set(document, new Map());
      return undefined;
    }
    if (!known.has(name)) known.set(name, compileOperation(schema, document, name ?? undefined));
    return known.get(name);
  }

  return {
    requestDidStart: () =>
      Promise.resolve({
        async responseForOperation({ document, operation, operationName, request, contextValue, response }) {
          // oxlint-disable-next-line typescript/no-unnecessary-condition -- there may be none of this name
          if (operation?.operation !== OperationTypeNode.QUERY) return null;
          const query = compiledQuery(document, operationName);
          if (query === undefined) return null;
          const variables = request.variables ?? {};
          const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
          if (coerced.errors !== undefined) return null;
          const { data, errors } = await query(undefined, contextValue, variables);
          const singleResult: FormattedExecutionResult = {
            ...(errors && { errors: errors.map((error) => formatThrown(error)) }),
            data: data ?? null,
          };
          return { http: response.http, body: { kind: 'single', singleResult } };
        },
      }),
  };
}
