import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createSourceEventStream,
  execute,
  GraphQLError,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { onAbort } from '../../abort.ts';
import type { Caches } from '../../measured-cache.ts';
import type { JobUpdate, JobUpdateStream } from '../../jobs/jobs.ts';
import type { Client } from '../client.ts';
import type { ServerEmitter } from '../events.ts';
import type { CheckedOperation } from './checked-operation.ts';
import type { GatewayContext } from './context.ts';
import { formatThrown } from './format-error.ts';
import { coerceVariables } from './operation-variables.ts';
import { createSharedResults } from './shared-results.ts';
import type { Slices } from '../../slices.ts';
import { SubscribedDocuments } from './subscribed-documents.ts';
import type { Turns } from './turns.ts';

/** Results as they are sent. Errors are formatted. `return` has to end it, unless the client disconnects. */
export type ResultStream = AsyncIterableIterator<FormattedExecutionResult, undefined> & {
  return(): Promise<IteratorResult<FormattedExecutionResult, undefined>>;
};

/** Runs something with the context of one event, and frees that afterwards. */
export type WithEventContext = <T>(
  client: Client,
  run: (context: GatewayContext) => Promise<T>,
) => Promise<T>;

export interface SubscriptionsOptions {
  readonly schema: GraphQLSchema;
  /** Creates a context for each event, as loaders remember what they have read. */
  readonly withEventContext: WithEventContext;
  /** When events are executed that are not shared. */
  readonly turns: Turns;
  /** When events are sent. */
  readonly slices: Slices;
  readonly events: ServerEmitter;
  readonly caches?: Caches | undefined;
}

export interface Subscriptions {
  /** Starts a subscription. It gives a stream of results, or one result with the errors that keep it from starting. */
  start(
    operation: CheckedOperation,
    context: GatewayContext,
  ): Promise<ResultStream | FormattedExecutionResult>;
}

/**
 * Subscriptions by graphql-js. An event of one state is executed once for all subscriptions whose document, operation and
 * variables lead to the same result.
 *
 * Whatever happens, a subscription that has started lets its jobs and its document go: when it completes, fails or is
 * returned, and when its client disconnects.
 */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { schema, slices, events } = options;
  const resultsOf = createExecution(options);
  const documents = new SubscribedDocuments();

  return {
    async start({ document, definition, variables }, context) {
      const operationName = definition.name?.value ?? null;
      const { coerced, errors } = coerceVariables(schema, definition, variables);
      if (errors) return { errors: errors.map((error) => formatThrown(error, 'BAD_USER_INPUT')) };
      const telling = variablesOfEvents(schema, document, definition).map((name) => coerced[name]);
      const releases: (() => void)[] = [];
      const release = () => releases.splice(0).forEach((end) => end());
      try {
        const held = documents.hold(document, context.client.key);
        releases.push(() => held.release());
        const args = { schema, document: held.document, operationName, variableValues: variables };
        const source = await createSourceEventStream({ ...args, contextValue: context });
        if (!isStream(source)) {
          release();
          return { errors: (source.errors ?? []).map((error) => formatThrown(error)) };
        }
        // oxlint-disable-next-line no-unsafe-type-assertion -- every subscription field gives these
        const updates = source as JobUpdateStream;
        releases.push(() => void updates.return());
        releases.push(onAbort(context.disconnected, release));
        const view = context.client.principal?.view.key ?? '';
        const operation = `${view} ${String(held.number)} ${operationName ?? ''} ${JSON.stringify(telling)}`;
        const resultOf = resultsOf(args, operation, context);
        // Its events belong to the request that it came with, whoever asks for the next one.
        const inScope = AsyncLocalStorage.snapshot();
        const failed = (error: unknown) => ({ errors: [formatThrown(wrapped(error))] });
        const subscription = { client: context.client };
        const send = async (update: JobUpdate) => {
          await slices.next(context.client.key, context.connection);
          const result = await inScope(resultOf, update);
          if ('job' in update) events.emit('subscriptionEvent', subscription, update.job);
          return result;
        };
        events.emit('subscriptionStart', subscription);
        releases.push(() => events.emit('subscriptionEnd', subscription));
        return mapped({
          source: updates,
          resultOf: send,
          failed: (error) => inScope(failed, error),
          release,
        });
      } catch (error) {
        release();
        return { errors: [formatThrown(wrapped(error))] };
      }
    },
  };
}

/** Gives the results of a subscription's events. The same operation has the same results. */
type ResultsOf = (
  args: ExecutionArgs,
  operation: string,
  context: GatewayContext,
) => (update: JobUpdate) => Promise<FormattedExecutionResult>;

/** Executes events when it is their client's turn, and once for all who share the result. */
function createExecution({ withEventContext, turns, caches }: SubscriptionsOptions): ResultsOf {
  // Others may wait for an event when the one who needed it first has left.
  const stays = new AbortController().signal;
  const timed = new WeakSet<FormattedExecutionResult>();
  const shared = createSharedResults(
    (client) => turns.next(client, stays),
    (result) => timed.has(result),
    caches,
  );
  return (args, operation, { client, disconnected }) => {
    const executeFor = (update: JobUpdate) =>
      withEventContext(client, async (contextValue) => {
        const { data, errors } = await execute({ ...args, contextValue, rootValue: update });
        const result = {
          ...(errors && { errors: errors.map((error) => formatThrown(error)) }),
          data: data ?? null,
        };
        if (contextValue.record.cacheability.timeDependent) timed.add(result);
        return result;
      });
    return async (update) => {
      if ('job' in update) {
        const event = { state: update.job, operation, client: client.key };
        return shared.of(event, () => executeFor(update));
      }
      await turns.next(client.key, disconnected);
      return executeFor(update);
    };
  };
}

function wrapped(thrown: unknown): GraphQLError {
  const error = asError(thrown);
  return new GraphQLError(error.message, { originalError: error });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('thrown value is not an Error', { cause: error });
}

/**
 * The variables that the result of an event can depend on. The arguments of the subscription's own field only say which events
 * there are.
 */
function variablesOfEvents(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  definition: OperationDefinitionNode,
): string[] {
  const names = new Set<string>();
  const types = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(types, {
    VariableDefinition: () => false,
    Argument: () =>
      types.getDirective() || types.getParentType() !== schema.getSubscriptionType() ? undefined : false,
    Variable: ({ name }) => void names.add(name.value),
  });
  visit(definition, visitor);
  for (const node of definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) visit(node, visitor);
  return [...names].toSorted();
}

interface Mapping {
  readonly source: JobUpdateStream;
  readonly resultOf: (update: JobUpdate) => Promise<FormattedExecutionResult>;
  /** The result that tells of an error of the gateway. */
  readonly failed: (error: unknown) => FormattedExecutionResult;
  /** Is called when the stream has ended, however it did. */
  readonly release: () => void;
}

/**
 * The stream of results. Whatever fails is its last result. It is no async generator, as one that waits for its next item
 * cannot be ended.
 */
function mapped({ source, resultOf, failed, release }: Mapping): ResultStream {
  let hasFailed = false;
  const end = () => {
    release();
    return Promise.resolve({ done: true as const, value: undefined });
  };
  return {
    async next() {
      try {
        const { done, value } = await source.next();
        if (done !== true) return { done: false, value: await resultOf(value) };
      } catch (error) {
        release();
        if (hasFailed) return end();
        hasFailed = true;
        return { done: false, value: failed(error) };
      }
      return end();
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Whether it is a stream of results, or one result. */
export function isStream<Stream extends AsyncIterable<unknown>>(result: Stream | object): result is Stream {
  return Symbol.asyncIterator in result;
}
