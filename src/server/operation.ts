import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema, type OperationTypeNode } from 'graphql';
import type { FastifyBaseLogger } from 'fastify';
import type { GatewayContext } from './context.ts';
import { formatError, retryAfterSeconds } from './errors.ts';
import { checkOperation, documentLimits, LIMITS } from './limits.ts';
import { receiptOf, serverTiming } from './receipt.ts';

export interface OperationServerOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly logger: FastifyBaseLogger;
}

/** Apollo Server with this gateway's limits and errors. It is not started, and speaks no HTTP by itself. */
export function createOperationServer({ schema, introspection, logger }: OperationServerOptions) {
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
      limits(schema),
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
        didResolveOperation({ document, operation, request }) {
          // Without an operation, execution reports that there is none of this name.
          if (!operation) return Promise.resolve();
          if (!schema.getRootType(operation.operation)) throw noSuchOperations(operation.operation);
          checkOperation({ schema, document, definition: operation, variables: request.variables ?? {} });
          return Promise.resolve();
        },
      }),
  };
}

/** graphql-js finds this only when it executes, too late for a status of its own. */
function noSuchOperations(operation: OperationTypeNode): GraphQLError {
  return new GraphQLError(`The schema has no ${operation}s`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
  });
}

/** Notes what the log and the HTTP status need, and asks clients to wait where an error does. */
const record: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: ({ contextValue }) =>
    Promise.resolve({
      didResolveOperation({ operationName }) {
        contextValue.record.operationName = operationName;
        return Promise.resolve();
      },
      willSendResponse({ response, request }) {
        if (response.body.kind !== 'single') return Promise.resolve();
        const { data, errors } = response.body.singleResult;
        contextValue.record.refused =
          data === undefined &&
          errors?.every((error) => error.extensions?.['code'] !== 'BAD_REQUEST') === true;
        const seconds = retryAfterSeconds(errors);
        if (seconds !== undefined) response.http.headers.set('retry-after', String(seconds));
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
