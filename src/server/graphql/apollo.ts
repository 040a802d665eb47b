import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode, type FormattedExecutionResult, type GraphQLSchema } from 'graphql';
import type { FastifyBaseLogger } from 'fastify';
import { BOUNDS } from '../../bounds.ts';
import { fewOf } from '../../jobs/jobs.ts';
import type { Caches } from '../../measured-cache.ts';
import type { Client } from '../client.ts';
import { retryAfterSeconds } from '../errors/retry-after.ts';
import { admitQuery, checkOperation } from './checked-operation.ts';
import type { GatewayContext } from './context.ts';
import { chargeFor, costSpent } from './cost.ts';
import { createDocumentStore, createTextCache } from './document-caches.ts';
import { documentLimits } from './document-limits.ts';
import { formatError, formatThrown, inOrder } from './format-error.ts';
import { compiledQueries } from './jit/compiled-queries.ts';
import { LIMITS } from './limits.ts';
import { NO_PERSISTED_DOCUMENTS, type PersistedDocuments } from './persisted/documents.ts';
import { persistedOperations } from './persisted/plugin.ts';
import { receiptOf, requestIdsOf, serverTiming } from './receipt.ts';
import { isSubscription, loggedName } from './record.ts';
import { checkScope } from './scopes.ts';
import { deleteUndeclared } from './operation-variables.ts';

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  /** @default none */
  readonly persisted?: PersistedDocuments;
  /** Whether queries that repeat are compiled. @default true */
  readonly isJitOn?: boolean;
  readonly logger: FastifyBaseLogger;
  readonly caches?: Caches;
}

/** Creates Apollo Server with this gateway's limits and errors. It is not started, and speaks no HTTP by itself. */
export function createApollo({
  schema,
  introspection,
  persisted = NO_PERSISTED_DOCUMENTS,
  isJitOn = true,
  logger,
  caches,
}: ApolloOptions) {
  return new ApolloServer<GatewayContext>({
    schema,
    introspection,
    // "Did you mean …" would show names that introspection hides.
    hideSchemaDetailsFromClientErrors: !introspection,
    // A check of all requests does it, see `http/checks`.
    csrfPrevention: false,
    formatError,
    includeStacktraceInErrorResponses: false,
    documentStore: createDocumentStore(caches),
    cache: createTextCache(caches),
    parseOptions: { maxTokens: LIMITS.tokens },
    validationOptions: { maxErrors: BOUNDS.documentErrors.max, hideSuggestions: !introspection },
    executionOptions: { maxCoercionErrors: BOUNDS.variableErrors.max },
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger,
    plugins: [
      persistedOperations(persisted),
      documentLimits,
      limits(schema),
      ...(isJitOn ? [compiledQueries(schema, caches)] : []),
      record,
      // The max-age of a response follows from its jobs. The plugin would only wrap every field.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

function limits(schema: GraphQLSchema): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart({ request: { http }, contextValue: { acceptsSubscriptions } }) {
      const isGet = http?.method === 'GET';
      // Apollo Server only takes queries by `GET`. It has read the request by now.
      if (isGet && acceptsSubscriptions) http.method = 'POST';
      let variableErrors: readonly GraphQLError[] | undefined;
      return Promise.resolve({
        // It has to return its errors as a promise. Thrown at once, they would leave those of other hooks unhandled.
        async didResolveOperation({ document, operation, request, contextValue }) {
          const variables = request.variables ?? {};
          // Without an operation, execution reports that there is none of this name.
          if (!operation) return;
          deleteUndeclared(variables, operation);
          const { SUBSCRIPTION, MUTATION } = OperationTypeNode;
          if (operation.operation === SUBSCRIPTION && !contextValue.acceptsSubscriptions) throw needsStream();
          if (operation.operation === MUTATION && isGet) throw needsPost();
          const checked = { document, definition: operation, variables };
          const { isWaitPreferred, charge, client } = contextValue;
          const given = { givenJobs: givenJobsOf(client) };
          const { cost, reads, waits, errors } = checkOperation(schema, checked, isWaitPreferred, given);
          contextValue.record.cost = cost;
          contextValue.record.mostSpent = operation.operation === SUBSCRIPTION ? cost : Math.max(cost, reads);
          variableErrors = errors;
          checkScope(operation, reads, client);
          if (charge !== undefined) await chargeFor(contextValue.record.mostSpent, charge);
          admitQuery(checked, () => {
            contextValue.checkReads(reads);
            if (waits > 0) contextValue.checkWaits(waits);
          });
          contextValue.record.operation = checked;
        },
        /**
         * Apollo executes no subscriptions. Whoever asked for this one starts it. Nor does it execute an operation with wrong
         * variables, as it would only find the same errors anew.
         */
        responseForOperation({ contextValue: { record }, response: { http } }) {
          const respond = (singleResult: FormattedExecutionResult) =>
            Promise.resolve({ http, body: { kind: 'single', singleResult } } as const);
          if (isSubscription(record)) return respond({ data: null });
          if (variableErrors === undefined) return Promise.resolve(null);
          http.status = 400;
          return respond({ errors: variableErrors.map((error) => formatThrown(error, 'BAD_USER_INPUT')) });
        },
      });
    },
  };
}

/** How many jobs a token names, where lists read these alone. */
function givenJobsOf({ principal }: Client): number | undefined {
  const ids = principal?.view.jobIds;
  return ids && fewOf(ids)?.length;
}

/** A link must not change anything. */
function needsPost(): GraphQLError {
  return new GraphQLError('GET requests only support query and subscription operations', {
    extensions: { code: 'BAD_REQUEST', http: { status: 405, headers: new HeaderMap([['allow', 'POST']]) } },
  });
}

function needsStream(): GraphQLError {
  const message =
    'A subscription needs a WebSocket, `Accept: text/event-stream` or `Accept: multipart/mixed;subscriptionSpec=1.0`';
  return new GraphQLError(message, {
    extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
  });
}

/** Records what the log and the HTTP status need. It asks clients to wait where an error does. */
const record: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: ({ contextValue }) =>
    Promise.resolve({
      didResolveOperation({ operationName }) {
        contextValue.record.operationName = loggedName(operationName);
        return Promise.resolve();
      },
      async willSendResponse({ response, request, metrics }) {
        if (response.body.kind !== 'single') return;
        const { data, errors } = response.body.singleResult;
        const { charge } = contextValue;
        const wantsReceipt = request.http?.headers.get('x-upstream-receipt') === '1';
        const actual = charge !== undefined || wantsReceipt ? costSpent(contextValue.record, data) : 0;
        if (charge !== undefined) await charge.settle(actual);
        if (errors !== undefined) response.body.singleResult.errors = inOrder(errors);
        contextValue.record.isClean = data !== undefined && errors === undefined;
        // A response from a cache would not register the document again.
        if (metrics.persistedQueryRegister === true) contextValue.record.cacheability.noStore = true;
        contextValue.record.isRefused =
          data === undefined &&
          errors?.every((error) => error.extensions?.['code'] !== 'BAD_REQUEST') === true;
        const seconds = retryAfterSeconds(errors, contextValue.record.pollAfterMs);
        if (seconds !== undefined) response.http.headers.set('retry-after', String(seconds));
        const { appliedWaitSeconds } = contextValue.record;
        if (appliedWaitSeconds !== undefined) {
          response.http.headers.set('preference-applied', `wait=${String(appliedWaitSeconds)}`);
        }
        const receipt = receiptOf(contextValue.record);
        response.http.headers.set('server-timing', serverTiming(receipt));
        if (wantsReceipt) {
          const { calls, coalesced, cacheHits, stale, queuedMs } = receipt;
          const { traceId, mostSpent } = contextValue.record;
          const left = charge && { left: charge.left };
          response.body.singleResult.extensions = {
            ...response.body.singleResult.extensions,
            upstream: {
              calls,
              coalesced,
              cacheHits,
              stale,
              queuedMs,
              ...(traceId && { traceId }),
              ...requestIdsOf(contextValue.record),
            },
            cost: { requested: mostSpent, actual, ...left },
          };
        }
      },
    }),
};
