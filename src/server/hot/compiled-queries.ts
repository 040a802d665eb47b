import type { ApolloServerPlugin } from '@apollo/server';
import { LRUCache } from 'lru-cache';
import { getVariableValues, OperationTypeNode, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { compileOperation, type CompiledOperation } from './compiled.ts';
import type { GatewayContext } from '../context.ts';

/** Most documents whose compiled queries are kept. */
const MAX_DOCUMENTS = 500;

/** The queries of a document by name; `undefined` for one that graphql-js has to execute. */
type Compiled = Map<string | null, CompiledOperation | undefined>;

/**
 * Executes queries that come again by graphql-jit, when all goes well. A query runs by graphql-js when it is new or cannot
 * be compiled, and again when there is any error in its answer: graphql-js has the words and the order for those, and
 * graphql-jit 0.8 adds an item to a list for each that fails. What was read is not read again, as loaders remember it.
 */
export function compiledQueries(schema: GraphQLSchema): ApolloServerPlugin<GatewayContext> {
  const byDocument = new LRUCache<DocumentNode, Compiled>({ max: MAX_DOCUMENTS });

  /** The queries of a document, once it comes again. */
  function compiledOf(document: DocumentNode, name: string | null): Compiled | undefined {
    const known = byDocument.get(document);
    if (known === undefined) byDocument.set(document, new Map());
    else if (!known.has(name)) {
      known.set(name, waits(document) ? undefined : compileOperation(schema, document, name ?? undefined));
    }
    return known;
  }

  return {
    requestDidStart: () =>
      Promise.resolve({
        async responseForOperation({ document, operation, operationName, request, contextValue, response }) {
          // oxlint-disable-next-line typescript/no-unnecessary-condition -- there may be none of this name
          const type = operation?.operation;
          if (type !== OperationTypeNode.QUERY || request.http?.headers.has('prefer') === true) return null;
          const compiled = compiledOf(document, operationName);
          const query = compiled?.get(operationName);
          if (query === undefined) return null;
          const variables = request.variables ?? {};
          // graphql-jit takes some that are wrong, such as a list for an object.
          if (getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors) return null;
          try {
            const { data, errors } = await query(undefined, contextValue, variables);
            if (errors !== undefined) return null;
            return { http: response.http, body: { kind: 'single', singleResult: { data: data ?? null } } };
          } catch {
            // It can be made but not run, as with variables that have a list as their default.
            compiled?.set(operationName, undefined);
            return null;
          }
        },
      }),
  };
}

/** Whether a job may be waited for, which is not done twice. */
function waits(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Argument: ({ name }) => {
      found ||= name.value === 'wait';
    },
  });
  return found;
}
