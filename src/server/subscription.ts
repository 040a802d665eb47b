import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createSourceEventStream,
  execute,
  getVariableValues,
  type DocumentNode,
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { JobUpdate, JobUpdates } from '../jobs/updates.ts';
import type { GatewayContext } from './context.ts';
import { formatThrown } from './errors.ts';

/** A subscription that has passed validation and all limits. */
export interface CheckedSubscription {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Where Apollo, which runs no subscriptions, puts one that it has checked. */
export interface SubscriptionSlot {
  checked?: CheckedSubscription;
}

/** Results as they are sent, errors in the gateway's one shape. It has to be left by `return`. */
export type ResultStream = AsyncIterableIterator<FormattedExecutionResult, undefined> & {
  return(): Promise<IteratorResult<FormattedExecutionResult, undefined>>;
};

/** Runs something with the context of one event, and frees it afterwards. */
export type WithEventContext = <T>(run: (context: GatewayContext) => Promise<T>) => Promise<T>;

export interface SubscriptionStarter {
  /** Starts a subscription: a stream of results, or one result with the errors that keep it from starting. */
  start(
    subscription: CheckedSubscription,
    context: GatewayContext,
  ): Promise<ResultStream | FormattedExecutionResult>;
}

/**
 * Subscriptions by graphql-js. Events of one state are executed once for all subscriptions that are the same operation
 * with the same variables, however many there are.
 *
 * @param withEventContext makes a context for each event, as loaders remember what they have read
 */
export function createSubscriptionStarter(
  schema: GraphQLSchema,
  withEventContext: WithEventContext,
): SubscriptionStarter {
  const shared = new WeakMap<object, Map<string, Promise<FormattedExecutionResult>>>();
  const documentNumbers = new WeakMap<DocumentNode, number>();
  let documents = 0;

  function numberOf(document: DocumentNode): number {
    const known = documentNumbers.get(document);
    if (known !== undefined) return known;
    documents += 1;
    documentNumbers.set(document, documents);
    return documents;
  }

  /** By the state itself: when another comes, or none needs it any more, its results are gone. */
  function shareByState(
    update: JobUpdate,
    operation: string,
    run: () => Promise<FormattedExecutionResult>,
  ): Promise<FormattedExecutionResult> {
    if ('error' in update) return run();
    const results = shared.get(update.job) ?? new Map<string, Promise<FormattedExecutionResult>>();
    shared.set(update.job, results);
    const running = results.get(operation);
    if (running !== undefined) return running;
    const result = run();
    results.set(operation, result);
    // Errors name the request they belong to, and may be gone by the next time.
    const forget = () => results.delete(operation);
    result.then(({ errors }) => errors && forget(), forget);
    return result;
  }

  return {
    async start({ document, definition, operationName, variables }, context) {
      const args: ExecutionArgs = {
        schema,
        document,
        operationName,
        variableValues: variables,
        contextValue: context,
      };
      const coerced = getVariableValues(schema, definition.variableDefinitions ?? [], variables);
      if (coerced.errors)
        return { errors: coerced.errors.map((error) => formatThrown(error, 'BAD_USER_INPUT')) };
      const source = await createSourceEventStream(args);
      if (!isStream(source)) return { errors: (source.errors ?? []).map((error) => formatThrown(error)) };
      const operation = `${String(numberOf(document))} ${operationName ?? ''} ${JSON.stringify(variables)}`;
      const resultOf = (update: JobUpdate) =>
        shareByState(update, operation, () =>
          withEventContext(async (contextValue) => {
            const { data, errors } = await execute({ ...args, contextValue, rootValue: update });
            return {
              ...(errors && { errors: errors.map((error) => formatThrown(error)) }),
              data: data ?? null,
            };
          }),
        );
      // Its events are of the request that it came with, whoever asks for the next one.
      const inScope = AsyncLocalStorage.snapshot();
      // oxlint-disable-next-line no-unsafe-type-assertion -- the one subscription field there is gives these
      return mapped(source as JobUpdates, (update) => inScope(resultOf, update));
    },
  };
}

/** The stream whose items are results. Not an async generator: one that waits for its next item cannot be left. */
function mapped(
  source: JobUpdates,
  resultOf: (update: JobUpdate) => Promise<FormattedExecutionResult>,
): ResultStream {
  return {
    async next() {
      const { done, value } = await source.next();
      return done === true ? { done, value: undefined } : { done: false, value: await resultOf(value) };
    },
    async return() {
      await source.return();
      return { done: true, value: undefined };
    },
    async throw() {
      await source.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Whether it is a stream of results, or one result. */
export function isStream<Stream extends AsyncIterable<unknown>>(result: Stream | object): result is Stream {
  return Symbol.asyncIterator in result;
}
