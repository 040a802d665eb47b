import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { readConfig, type Config } from '../../src/config.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { createApp, type AppOptions } from '../../src/server/app.ts';
import type { Client } from '../../src/server/client.ts';
import { createApollo } from '../../src/server/graphql/apollo.ts';
import { createExecutor } from '../../src/server/graphql/executor.ts';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { createPreparedOperations } from '../../src/server/response-cache/prepared-operations.ts';
import { StoredResponses } from '../../src/server/response-cache/stored-responses.ts';
import { createConnections } from '../../src/server/transports/connections.ts';
import { createEvents } from './events.ts';

export interface ServerOptions {
  /** The jobs that a client may see. */
  readonly jobsFor: (client: Client) => Jobs;
  readonly logger: FastifyBaseLogger;
  /** @default the configuration of an empty environment */
  readonly config?: Config;
  readonly app?: Partial<AppOptions>;
}

/** The server alone, over any jobs. It does not listen yet. */
export async function createServerOf({
  jobsFor,
  logger,
  config = readConfig({}),
  app = {},
}: ServerOptions): Promise<FastifyInstance> {
  const { introspection, isJitOn, operationTimeoutMs } = config;
  const events = app.events ?? createEvents().server;
  const stopping = app.stopping ?? new AbortController().signal;
  const schema = createSchema();
  const apollo = createApollo({ schema, introspection, isJitOn, logger });
  await apollo.start();
  return createApp({
    logger,
    readiness: { isReady: true },
    executor: createExecutor({
      schema,
      apollo,
      jobsFor,
      upstream: 'EMULATOR',
      operationTimeoutMs,
      stopping,
      events,
    }),
    connections: createConnections(config.streams, stopping, events),
    stored: new StoredResponses(config.answersMaxBytes),
    prepared: isJitOn ? createPreparedOperations(schema) : undefined,
    jobsFor,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
    trustedProxies: config.trustedProxies,
    pathPrefix: config.pathPrefix,
    introspection,
    pagesDirectory: undefined,
    stopping,
    now: Date.now,
    events,
    ...app,
  });
}
