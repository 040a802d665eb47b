import { HeaderMap, type ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createContext, createRecord, type ContextOptions, type GatewayContext } from './context.ts';
import { requestScope } from './request-scope.ts';

export interface GraphqlRouteOptions extends ContextOptions {
  readonly operations: ApolloServer<GatewayContext>;
  /** Limit of one operation, in milliseconds. */
  readonly operationTimeoutMs: number;
}

/** `GET` and `POST /graphql`: GraphQL over HTTP. Bodies other than JSON have been refused before. */
export function graphqlRoute(app: FastifyInstance, options: GraphqlRouteOptions): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request, reply) => {
      const record = createRecord();
      request.operation = record;
      const deadline = startDeadline(reply, options.operationTimeoutMs);
      try {
        const scope = {
          requestId: request.id,
          logError: (err: unknown) => request.log.error({ err }, 'bug'),
        };
        const answer = await requestScope.run(scope, () =>
          options.operations.executeHTTPGraphQLRequest({
            httpGraphQLRequest: toApollo(request),
            context: () => Promise.resolve(createContext(options, record, deadline.signal)),
          }),
        );
        if (answer.body.kind !== 'complete') throw new Error('incremental delivery is not supported');
        void reply.header('cache-control', 'no-store').headers(Object.fromEntries(answer.headers));
        return await reply.code(statusFor(answer, record.refused)).send(answer.body.string);
      } finally {
        deadline.end();
      }
    },
  });
}

function toApollo(request: FastifyRequest) {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const queryStart = request.url.indexOf('?');
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    headers,
    search: queryStart === -1 ? '' : request.url.slice(queryStart),
    body: request.body,
  };
}

/**
 * With `application/json` a well-formed request is always answered with 200, as its clients cannot tell 400 by GraphQL
 * from 400 by something on the way; `application/graphql-response+json` can.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
function statusFor(
  { status, headers }: { status?: number; headers: Map<string, string> },
  refused: boolean,
): number {
  const isLegacy = headers.get('content-type')?.startsWith('application/json') === true;
  return isLegacy && refused && status === 400 ? 200 : (status ?? 200);
}

/** Aborts when the operation has run too long, or its client has gone. */
function startDeadline(reply: FastifyReply, timeoutMs: number) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  reply.raw.once('close', abort);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      reply.raw.off('close', abort);
    },
  };
}
