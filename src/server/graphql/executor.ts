import type { ApolloServer } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import type { Caches } from '../../measured-cache.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { readTraceparent } from '../../traceparent.ts';
import type { UpstreamKind } from '../../resolvers/context.ts';
import type { Client } from '../client.ts';
import type { OperationStart, RequestStart, ServerEmitter } from '../events.ts';
import type { Charge } from '../rate-limit/rate-limit.ts';
import { createContext, type ContextOptions, type GatewayContext } from './context.ts';
import { startDeadline } from './deadline.ts';
import { createRecord, isSubscription } from './record.ts';
import { requestScope, type RequestScope } from './request-scope.ts';
import { createSubscriptions, isStream, type ResultStream } from './subscription.ts';
import { createSlices, type Slices } from '../../slices.ts';
import { createSlots, LeftError } from './slots.ts';
import { createTurns } from './turns.ts';

/** An operation as clients send it, whatever the transport. */
export interface OperationParameters {
  readonly query?: string | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** On whose behalf an operation runs, and how. */
export interface OperationRequest {
  readonly requestId: string;
  readonly client: Client;
  /** The HTTP request that is all of the operation. A message of a WebSocket has none. */
  readonly request?: RequestStart;
  /** The header of the request, or of the upgrade to a WebSocket. */
  readonly traceparent?: string | undefined;
  /** What its results are written to, if those of other operations are written to it too: a WebSocket. */
  readonly connection?: object | undefined;
  /** Aborts when the client has disconnected, or does not want the operation any more. */
  readonly disconnected: AbortSignal;
  /** Whether whoever asked can take the results of a subscription. */
  readonly acceptsSubscriptions: boolean;
  /** How long a job is waited for where the operation does not say. */
  readonly preferredWaitSeconds?: number | undefined;
  /** What the client is charged for it. The least is taken by now. `undefined`: it is charged nothing. */
  readonly charge?: Charge | undefined;
}

export interface ExecutorOptions {
  readonly schema: GraphQLSchema;
  readonly apollo: ApolloServer<GatewayContext>;
  /** The jobs that a client may see. */
  readonly jobsFor: (client: Client) => Jobs;
  /** What is behind the gateway. */
  readonly upstream: UpstreamKind;
  /** Limit of one operation, and of one event of a subscription, in milliseconds. */
  readonly operationTimeoutMs: number;
  readonly stopping: AbortSignal;
  readonly events: ServerEmitter;
  readonly caches?: Caches;
}

/** Runs operations, whatever the transport. */
export interface Executor {
  readonly schema: GraphQLSchema;
  readonly apollo: ApolloServer<GatewayContext>;
  /** When many small things of one client go on, such as what is released as it leaves. */
  readonly slices: Slices;
  /**
   * Runs something with the context of one operation, when it is its client's turn. The deadline of the operation begins and
   * ends with that.
   *
   * @throws {LeftError} when the client has disconnected before that
   */
  run<T>(request: OperationRequest, execute: (context: GatewayContext) => Promise<T>): Promise<T>;
  /** Executes any operation, with the checks and the errors that HTTP has. */
  execute(
    parameters: OperationParameters,
    context: GatewayContext,
  ): Promise<ResultStream | FormattedExecutionResult>;
  /** Starts the subscription that passed the checks of this context. It is `undefined` when there is none. */
  subscribe(context: GatewayContext): Promise<ResultStream | FormattedExecutionResult> | undefined;
}

export function createExecutor(options: ExecutorOptions): Executor {
  const { schema, apollo, events, caches } = options;
  const slots = createSlots(BOUNDS.clientOperations.max);
  // An event goes to all subscribers at once, so it goes on when one of them disconnects.
  const neverDisconnected = new AbortController().signal;

  const turns = createTurns();
  const slices = createSlices();
  const shared = { ...options, slices, waits: new ClientShares(BOUNDS.waits.max) };

  const subscriptions = createSubscriptions({
    schema,
    turns,
    slices,
    events,
    caches,
    withEventContext: (client, execute) =>
      withContext(shared, { client, disconnected: neverDisconnected, acceptsSubscriptions: false }, execute),
  });

  function subscribe(context: GatewayContext) {
    const { operation } = context.record;
    if (operation === undefined || !isSubscription(context.record)) return undefined;
    return subscriptions.start(operation, context).then(async (result) => {
      if (isStream(result)) return result;
      context.record.isClean = false;
      await context.charge?.settle(1);
      return result;
    });
  }

  return {
    schema,
    apollo,
    slices,
    run(request, execute) {
      const { requestId, client, disconnected } = request;
      return slots.run(client.key, disconnected, async (release) => {
        const turn = turns.next(client.key, disconnected);
        if (turn !== undefined) await turn;
        if (disconnected.aborted) throw new LeftError();
        const onSubmission = submissionTold(request, events);
        return requestScope.run(scopeOf(requestId, events), () =>
          withContext(shared, { ...request, onSubmission }, telling(events, request, execute), release),
        );
      });
    },
    async execute({ query, operationName, variables, extensions }, context) {
      const { body } = await apollo.executeOperation(
        {
          ...(query && { query }),
          ...(operationName && { operationName }),
          ...(variables && { variables }),
          ...(extensions && { extensions }),
        },
        { contextValue: context },
      );
      if (body.kind !== 'single') throw new Error('incremental delivery is not supported');
      return subscribe(context) ?? body.singleResult;
    },
    subscribe,
  };
}

/** Executes something, and tells of its start and its end. */
function telling<T>(
  events: ServerEmitter,
  { requestId, client, request, traceparent }: OperationRequest,
  execute: (context: GatewayContext) => Promise<T>,
): (context: GatewayContext) => Promise<T> {
  return async (context) => {
    const started: OperationStart = {
      requestId,
      client,
      startedAt: performance.now(),
      request,
      traceparent,
      traceId: readTraceparent(traceparent)?.traceId,
    };
    events.emit('operationStart', started);
    context.record.traceId = started.traceId;
    try {
      return await execute(context);
    } finally {
      events.emit('operationEnd', started, context.record);
    }
  };
}

function submissionTold(
  { requestId, client }: OperationRequest,
  events: ServerEmitter,
): NonNullable<ContextOptions['onSubmission']> {
  return (jobId, error) => void events.emit('submissionEnd', { requestId, client }, jobId, error);
}

/** It is kept for as long as a subscription lasts, so it must not keep the request. */
function scopeOf(requestId: string, events: ServerEmitter): RequestScope {
  return {
    requestId,
    onUnexpectedError: (error) => events.emit('unexpectedError', error, 'operation', requestId),
    onErrorTold: (code, policy) => events.emit('errorTold', { code, policy }),
  };
}

/** What all operations share. */
interface Shared extends ExecutorOptions {
  readonly waits: ClientShares;
  readonly slices: Slices;
}

/**
 * Runs something with a context of its own, whose deadline ends with it.
 *
 * @param onWait is called when the operation begins to wait for a job
 */
async function withContext<T>(
  { jobsFor, upstream, operationTimeoutMs, stopping, waits, slices }: Shared,
  request: Omit<OperationRequest, 'requestId'> & Pick<ContextOptions, 'onSubmission'>,
  execute: (context: GatewayContext) => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  const { client, connection, disconnected, acceptsSubscriptions } = request;
  const { preferredWaitSeconds, charge, onSubmission } = request;
  const deadline = startDeadline(operationTimeoutMs, disconnected, () => slices.next(client.key), onWait);
  try {
    return await execute(
      createContext({
        client,
        connection,
        jobs: jobsFor(client),
        upstream,
        record: createRecord(),
        deadline,
        stopping,
        waits,
        preferredWaitSeconds,
        acceptsSubscriptions,
        charge,
        ...(onSubmission && { onSubmission }),
      }),
    );
  } finally {
    deadline.end();
  }
}
