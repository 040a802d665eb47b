import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode, type GraphQLSchema } from 'graphql';
import type { FastifyBaseLogger } from 'fastify';
import type { GatewayContext } from './context.ts';
import { formatError, inOrder, retryAfterSeconds } from './errors.ts';
import { compiledQueries } from './hot/compiled-queries.ts';
import { checkOperation, documentLimits, LIMITS } from './limits.ts';
import { NO_PERSISTED_DOCUMENTS, type PersistedDocuments } from './persisted.ts';
import { persistedOperations } from './persisted-plugin.ts';
import { receiptOf, serverTiming } from './receipt.ts';

export interface OperationServerOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  /** @default none */
  readonly persisted?: PersistedDocuments;
  /** Whether queries that come again are compiled. @default true */
  readonly isJitOn?: boolean;
  readonly logger: FastifyBaseLogger;
}

/** Apollo Server with this gateway's limits and errors. It is not started, and speaks no HTTP by itself. */
export function createOperationServer({
  schema,
  introspection,
  persisted = NO_PERSISTED_DOCUMENTS,
  isJitOn = true,
  logger,
}: OperationServerOptions) {
  return new ApolloServer<GatewayContext>({
    schema,
    introspection,
    // "Did you mean …" would tell names that introspection hides.
    hideSchemaDetailsFromClientErrors: !introspection,
    csrfPrevention: true,
    formatError,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationRules: [documentLimits],
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger,
    plugins: [
      persistedOperations(persisted),
      limits(schema),
      ...(isJitOn ? [compiledQueries(schema)] : []),
      record,
      // The max-age of an answer follows from its jobs; the plugin would only wrap every field.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

function limits(schema: GraphQLSchema): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation({ document, operation, operationName, request, contextValue }) {
          // Without an operation, execution reports that there is none of this name.
          if (!operation) return Promise.resolve();
          const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
          if (isSubscription && !contextValue.subscription) throw needsStream();
          const variables = request.variables ?? {};
          checkOperation({ schema, document, definition: operation, variables });
          if (isSubscription && contextValue.subscription) {
            contextValue.subscription.checked = { document, definition: operation, operationName, variables };
          }
          return Promise.resolve();
        },
        /** Apollo executes no subscriptions; whoever asked for this one starts it. */
        responseForOperation({ contextValue, response }) {
          if (contextValue.subscription?.checked === undefined) return Promise.resolve(null);
          return Promise.resolve({
            http: response.http,
            body: { kind: 'single', singleResult: { data: null } },
          });
        },
      }),
  };
}

function needsStream(): GraphQLError {
  return new GraphQLError('A subscription needs a WebSocket, or `Accept: text/event-stream`', {
    extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
  });
}

/** Notes what the log and the HTTP status need, and asks clients to wait where an error does. */
const record: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: ({ contextValue }) =>
    Promise.resolve({
      didResolveOperation({ operationName, document, operation: definition }) {
        contextValue.record.operationName = operationName;
        if (definition?.operation === OperationTypeNode.QUERY) {
          contextValue.record.query = { document, definition };
        }
        return Promise.resolve();
      },
      willSendResponse({ response, request, metrics }) {
        if (response.body.kind !== 'single') return Promise.resolve();
        const { data, errors } = response.body.singleResult;
        if (errors !== undefined) response.body.singleResult.errors = inOrder(errors);
        contextValue.record.isClean = data !== undefined && errors === undefined;
        // Given again from a cache, the answer would not register the document again.
        if (metrics.persistedQueryRegister === true) contextValue.record.nature.isForOne = true;
        contextValue.record.refused =
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
        if (request.http?.headers.get('x-upstream-receipt') === '1') {
          const { calls, coalesced, cacheHits, queuedMs } = receipt;
          response.body.singleResult.extensions = {
            ...response.body.singleResult.extensions,
            upstream: { calls, coalesced, cacheHits, queuedMs },
          };
        }
        return Promise.resolve();
      },
    }),
};
