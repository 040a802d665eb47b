import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { parse, type FormattedExecutionResult, type GraphQLSchema } from 'graphql';
import { createHandler, type ExecutionResult, type Request } from 'graphql-sse';
import { reconnectAfterMs, type Streams } from './streams.ts';
import type { ResultStream } from './subscription.ts';

/** What one stream is made of. */
interface Sending extends Record<PropertyKey, unknown> {
  readonly schema: GraphQLSchema;
  readonly result: ResultStream | FormattedExecutionResult;
  /** Resolves when the client has taken what was sent. */
  readonly taken: () => Promise<void>;
}

/** What is sent is known by now, so graphql-sse has nothing to check or to execute; it only writes the stream. */
const handle = createHandler<undefined, Sending, Sending>({
  // Each operation has a connection of its own.
  authenticate: () => null,
  onSubscribe: ({ context }) => ({ schema: context.schema, document: ANY_DOCUMENT, contextValue: context }),
  validate: () => [],
  // oxlint-disable-next-line no-unsafe-type-assertion -- formatted errors differ from others only in type
  execute: ({ contextValue }) => contextValue.result as AsyncIterable<ExecutionResult> | ExecutionResult,
  // What is not taken stays with the subscription, which keeps only the latest state of each job.
  onNext: ({ taken }) => taken(),
});

const ANY_DOCUMENT = parse('{ __typename }');

const REQUEST: Omit<Request<undefined, Sending>, 'context'> = {
  method: 'POST',
  url: '/graphql',
  headers: { get: (name) => (name === 'accept' ? 'text/event-stream' : 'application/json') },
  body: { query: '{ __typename }' },
  raw: undefined,
};

/**
 * Answers by server-sent events: each result as an event `next`, then `complete`, with a comment every 12 s meanwhile. A
 * gateway that stops says how long to stay away (`retry`) and ends the stream without `complete`; so does the client's
 * own slowness, when it takes nothing for two keep-alive periods.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export async function sendEventStream(
  reply: FastifyReply,
  result: ResultStream | FormattedExecutionResult,
  schema: GraphQLSchema,
  { stopping, limits }: Streams,
): Promise<FastifyReply> {
  const response = reply.raw;
  const patienceMs = 2 * limits.keepAliveMs;

  async function taken(): Promise<void> {
    // What was sent before is written by then.
    await setImmediate();
    if (!response.writableNeedDrain) return;
    const patience = AbortSignal.timeout(patienceMs);
    await once(response, 'drain', { signal: patience }).catch((error: unknown) => {
      if (!response.destroyed) reply.log.warn({ patienceMs }, 'stream cut: the client takes nothing');
      response.destroy();
      throw error;
    });
  }

  const [body] = await handle({ ...REQUEST, context: { schema, result, taken } });
  if (body === null || typeof body === 'string') throw new Error('graphql-sse gave no stream');
  const stop = () => {
    response.write(`retry: ${String(reconnectAfterMs())}\n\n`);
    void body.return();
  };
  stopping.addEventListener('abort', stop, { once: true });
  response.once('close', () => {
    stopping.removeEventListener('abort', stop);
    void body.return();
  });
  void reply
    .code(200)
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Left open, the connection would keep a gateway from stopping.
      connection: 'close',
      // nginx would keep events back.
      'x-accel-buffering': 'no',
    })
    .send(Readable.from(body));
  // Not before it is sent, as the headers come first.
  if (stopping.aborted) stop();
  return reply;
}

/** Whether a client with this `Accept` takes an event stream, and whether it takes nothing else. */
export function eventStreamWish(accept: string | undefined): 'none' | 'also' | 'only' {
  const types = (accept ?? '').split(',').map((range) => range.replace(/;.*/, '').trim().toLowerCase());
  if (!types.includes('text/event-stream')) return 'none';
  return types.every((type) => type === 'text/event-stream') ? 'only' : 'also';
}
