import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createSourceEventStream,
  execute,
  getVariableValues,
  type DocumentNode,
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { JobUpdate, JobUpdates } from '../../jobs/jobs.ts';
import type { Client } from '../client.ts';
import type { CheckedOperation } from './checked-operation.ts';
import type { GatewayContext } from './context.ts';
import { formatThrown } from './format-error.ts';

/** Results as they are sent. Errors are formatted. `return` has to end it. */
export type ResultStream = AsyncIterableIterator<FormattedExecutionResult, undefined> & {
  return(): Promise<IteratorResult<FormattedExecutionResult, undefined>>;
};

/** Runs something with the context of one event, and frees that afterwards. */
export type WithEventContext = <T>(
  client: Client,
  run: (context: GatewayContext) => Promise<T>,
) => Promise<T>;

export interface Subscriptions {
  /** Starts a subscription. It gives a stream of results, or one result with the errors that keep it from starting. */
  start(
    operation: CheckedOperation,
    context: GatewayContext,
  ): Promise<ResultStream | FormattedExecutionResult>;
}

/**
 * Subscriptions by graphql-js. An event of one state is executed once for all subscriptions that are the same operation with
 * the same variables.
 *
 * @param withEventContext creates a context for each event, as loaders remember what they have read
 */
export function createSubscriptions(
  schema: GraphQLSchema,
  withEventContext: WithEventContext,
): Subscriptions {
  const shared = new WeakMap<object, Map<string, Promise<FormattedExecutionResult>>>();
  const numberOf = createNumbering();

  /** Results are kept by the state itself. They are freed with it. */
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
    // Errors name their request, and may not occur the next time.
    const forget = () => results.delete(operation);
    result.then(({ errors }) => errors && forget(), forget);
    return result;
  }

  return {
    async start({ document, definition, variables }, context) {
      const operationName = definition.name?.value ?? null;
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
          withEventContext(context.client, async (contextValue) => {
            const { data, errors } = await execute({ ...args, contextValue, rootValue: update });
            return {
              ...(errors && { errors: errors.map((error) => formatThrown(error)) }),
              data: data ?? null,
            };
          }),
        );
      // Its events belong to the request that it came with, whoever asks for the next one.
      const inScope = AsyncLocalStorage.snapshot();
      // oxlint-disable-next-line no-unsafe-type-assertion -- the one subscription field there is gives these
      return mapped(source as JobUpdates, (update) => inScope(resultOf, update));
    },
  };
}

/** Gives each document a number of its own. */
function createNumbering(): (document: DocumentNode) => number {
  const numbers = new WeakMap<DocumentNode, number>();
  let documents = 0;
  return (document) => {
    const known = numbers.get(document);
    if (known !== undefined) return known;
    documents += 1;
    numbers.set(document, documents);
    return documents;
  };
}

/** The stream of results. It is no async generator, as one that waits for its next item cannot be ended. */
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
