import type { ApolloServerPlugin } from '@apollo/server';
import { OperationTypeNode, visit, type DocumentNode, type GraphQLSchema } from 'graphql';
import { BOUNDS } from '../../../bounds.ts';
import { MeasuredCache, type Caches } from '../../../measured-cache.ts';
import { documentBytes } from '../weight.ts';
import { CompileBudget, compiledBytes, compileOperation, type CompiledOperation } from './compile.ts';
import type { GatewayContext } from '../context.ts';
import { coerceVariables } from '../operation-variables.ts';

/** What the name of a query takes in memory, in bytes. */
const NAME_BYTES = 200;

/** The queries of a document by name. A query is `undefined` when graphql-js has to execute it. */
type Compiled = Map<string | null, CompiledOperation | undefined>;

/**
 * Executes queries that repeat by graphql-jit. graphql-js executes a query that is new or cannot be compiled. It also executes
 * a query again whose response has any error: graphql-js has the words and the order for errors, and graphql-jit 0.8 adds an
 * item to a list for each item that fails. Nothing is read twice, as loaders remember what they have read.
 */
export function compiledQueries(schema: GraphQLSchema, caches?: Caches): ApolloServerPlugin<GatewayContext> {
  const byDocument = new MeasuredCache<DocumentNode, Compiled>({
    maxSize: BOUNDS.compiledQueries.max,
    sizeCalculation: (compiled, document) => {
      const queries = [...compiled.values()].filter((query) => query !== undefined);
      return documentBytes(document) + queries.length * compiledBytes(document) + NAME_BYTES * compiled.size;
    },
  });
  const seen = new WeakSet<DocumentNode>();
  const budget = new CompileBudget();
  caches?.set('compiled_queries', byDocument);

  /** The compiled queries of a document, from its second request on. */
  function compiledOf(document: DocumentNode, name: string | null): Compiled | undefined {
    if (!seen.has(document)) {
      seen.add(document);
      return undefined;
    }
    const known = byDocument.get(document) ?? new Map();
    if (known.has(name) || !budget.take(document)) return known;
    known.set(name, waits(document) ? undefined : compileOperation(schema, document, name ?? undefined));
    // It is stored again for its new size.
    byDocument.delete(document);
    byDocument.set(document, known);
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
          if (coerceVariables(schema, operation, variables).errors) return null;
          try {
            const { data, errors } = await query(undefined, contextValue, variables);
            if (errors !== undefined) return null;
            return { http: response.http, body: { kind: 'single', singleResult: { data: data ?? null } } };
          } catch {
            // Some queries can be compiled but not run, such as those with a list as the default of a variable.
            compiled?.set(operationName, undefined);
            return null;
          }
        },
      }),
  };
}

/** Whether a job may be waited for. That must not be done twice. */
function waits(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Argument: ({ name }) => {
      found ||= name.value === 'wait';
    },
  });
  return found;
}
