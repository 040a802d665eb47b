import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { createHandler, type ExecutionResult, type Request } from 'graphql-sse';
import { onAbort } from '../../abort.ts';
import { isStream, type ResultStream } from '../graphql/subscription.ts';
import { reconnectAfterMs, type Connections } from './connections.ts';

/** What one stream sends. */
interface Sending extends Record<PropertyKey, unknown> {
  readonly results: AsyncIterable<FormattedExecutionResult>;
  /** Resolves when the client has read what was sent. */
  readonly drained: () => Promise<void>;
}

/** graphql-sse only writes the stream. The results are ready, so it has nothing to check or to execute. */
const handle = createHandler<undefined, Sending, Sending>({
  // Each operation has a connection of its own.
  authenticate: () => null,
  context: ({ context }) => context,
  // oxlint-disable-next-line no-unsafe-type-assertion -- formatted errors differ from others only in type
  onSubscribe: ({ context }) => context.results as AsyncIterable<ExecutionResult>,
  // What the client does not read stays with the subscription, which only keeps the latest state of each job.
  onNext: ({ drained }) => drained(),
});

const REQUEST: Omit<Request<undefined, Sending>, 'context'> = {
  method: 'POST',
  url: '/graphql',
  headers: { get: (name) => (name === 'accept' ? 'text/event-stream' : 'application/json') },
  body: { query: '{ __typename }' },
  raw: undefined,
};

/**
 * Begins to answer by server-sent events: each result as an event `next`, then `complete`, with a comment every 12 s meanwhile. A
 * gateway that stops says how long to stay away (`retry`) and ends the stream without `complete`. A stream whose client
 * reads nothing for two keep-alive periods ends without `complete` too.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export async function sendEventStream(
  reply: FastifyReply,
  result: ResultStream | FormattedExecutionResult,
  { stopping }: Connections,
): Promise<void> {
  const response = reply.raw;
  const closed = new AbortController();

  async function drained(): Promise<void> {
    // What was sent before is written by then.
    await setImmediate();
    if (!response.writableNeedDrain) return;
    // The connection is cut when its client reads nothing, see `http/connections`.
    await once(response, 'drain', { signal: closed.signal });
  }

  const results = isStream(result) ? result : streamOf(result);
  const [body] = await handle({ ...REQUEST, context: { results, drained } });
  if (body === null || typeof body === 'string') throw new Error('graphql-sse gave no stream');
  const stop = () => {
    response.write(`retry: ${String(reconnectAfterMs())}\n\n`);
    void body.return();
  };
  void reply
    .code(200)
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // An open connection would keep the gateway from stopping.
      connection: 'close',
      // Otherwise nginx would buffer the events.
      'x-accel-buffering': 'no',
    })
    .send(Readable.from(body));
  // The headers have to be sent first.
  const forget = onAbort(stopping, stop);
  const end = () => {
    forget();
    closed.abort();
    void body.return();
  };
  if (response.closed) end();
  else response.once('close', end);
}

/** graphql-sse does not take a single result without data for a result. */
async function* streamOf(result: FormattedExecutionResult): AsyncGenerator<FormattedExecutionResult> {
  yield await Promise.resolve(result);
}

/** Whether a client with this `Accept` accepts an event stream, and whether it accepts nothing else. */
export function acceptsEventStream(accept: string | undefined): 'no' | 'also' | 'only' {
  const types = (accept ?? '').split(',').map((range) => range.replace(/;.*/, '').trim().toLowerCase());
  if (!types.includes('text/event-stream')) return 'no';
  return types.every((type) => type === 'text/event-stream') ? 'only' : 'also';
}
