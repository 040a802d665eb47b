import type { ApolloServer } from '@apollo/server';
import type { FastifyBaseLogger } from 'fastify';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import { createContext, createRecord, type ContextOptions, type GatewayContext } from './context.ts';
import { startDeadline } from './deadline.ts';
import { receiptOf } from './receipt.ts';
import { requestScope } from './request-scope.ts';
import {
  createSubscriptionStarter,
  type CheckedSubscription,
  type ResultStream,
  type SubscriptionSlot,
} from './subscription.ts';

/** An operation as clients send it, whatever the transport. */
export interface OperationParameters {
  readonly query?: string | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** For whom an operation runs. */
export interface RunScope {
  readonly requestId: string;
  /** The request id of the connection it came by. */
  readonly connectionId: string;
  readonly log: FastifyBaseLogger;
}

/** Runs operations below HTTP. */
export interface OperationRunner {
  readonly schema: GraphQLSchema;
  /** Runs any operation, with the checks and the errors that HTTP has. `gone` ends it. */
  run(
    parameters: OperationParameters,
    scope: RunScope,
    gone: AbortSignal,
  ): Promise<ResultStream | FormattedExecutionResult>;
  /** Starts a subscription that has been checked, in the present request scope. */
  start(
    subscription: CheckedSubscription,
    context: GatewayContext,
  ): Promise<ResultStream | FormattedExecutionResult>;
}

export interface OperationRunnerOptions extends ContextOptions {
  readonly schema: GraphQLSchema;
  readonly operations: ApolloServer<GatewayContext>;
  /** Limit of one operation, and of one event of a subscription, in milliseconds. */
  readonly operationTimeoutMs: number;
}

export function createOperationRunner(options: OperationRunnerOptions): OperationRunner {
  const { schema, operations, operationTimeoutMs } = options;
  // An event is told to all subscribers at once, so it goes on when one of them leaves.
  const everPresent = new AbortController().signal;
  const starter = createSubscriptionStarter(schema, async (execute) => {
    const deadline = startDeadline(operationTimeoutMs, everPresent);
    try {
      return await execute(createContext(options, { record: createRecord(), deadline }));
    } finally {
      deadline.end();
    }
  });

  return {
    schema,
    start: (subscription, context) => starter.start(subscription, context),
    run({ query, operationName, variables, extensions }, { requestId, connectionId, log }, gone) {
      const record = createRecord();
      const deadline = startDeadline(operationTimeoutMs, gone);
      const subscription: SubscriptionSlot = {};
      const context = createContext(options, { record, deadline, subscription });
      const logError = (err: unknown) => log.error({ err, requestId, connectionId }, 'bug');
      return requestScope.run({ requestId, logError }, async () => {
        try {
          const { body } = await operations.executeOperation(
            {
              ...(query && { query }),
              ...(operationName && { operationName }),
              ...(variables && { variables }),
              ...(extensions && { extensions }),
            },
            { contextValue: context },
          );
          if (body.kind !== 'single') throw new Error('incremental delivery is not supported');
          const { checked } = subscription;
          return checked === undefined ? body.singleResult : await starter.start(checked, context);
        } finally {
          deadline.end();
          const { operationName, calls } = record;
          const what = { requestId, connectionId, operationName, receipt: receiptOf(record), calls };
          log.info(what, subscription.checked === undefined ? 'answered' : 'subscribed');
        }
      });
    },
  };
}
