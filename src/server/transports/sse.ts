import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { createHandler, type ExecutionResult, type Request } from 'graphql-sse';
import { onAbort } from '../../abort.ts';
import { onTokenEnd } from '../auth/token-end.ts';
import type { Client } from '../client.ts';
import { errorBody } from '../errors/error-body.ts';
import { isStream, type ResultStream } from '../graphql/subscription.ts';
import { TOKEN_ENDED } from '../http/identity.ts';
import { reconnectAfterMs, type Connections } from './connections.ts';
import { drained, streamHeaders } from './streaming.ts';

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
 * reads nothing for two keep-alive periods ends without `complete` too. So does one whose token has ended, after an event
 * `next` that says so: clients come back by themselves, with a new token.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export async function sendEventStream(
  reply: FastifyReply,
  result: ResultStream | FormattedExecutionResult,
  { stopping }: Connections,
  client: Client,
): Promise<void> {
  const response = reply.raw;
  const closed = new AbortController();

  const results = isStream(result) ? result : streamOf(result);
  const [body] = await handle({
    ...REQUEST,
    context: { results, drained: () => drained(response, closed.signal) },
  });
  if (body === null || typeof body === 'string') throw new Error('graphql-sse gave no stream');
  const stop = () => {
    response.write(`retry: ${String(reconnectAfterMs())}\n\n`);
    void body.return();
  };
  void reply.code(200).headers(streamHeaders('text/event-stream; charset=utf-8')).send(Readable.from(body));
  // The headers have to be sent first.
  const forget = onAbort(stopping, stop);
  const forgetToken = onTokenEnd(client, () => {
    const { code, message } = TOKEN_ENDED;
    response.write(`event: next\ndata: ${JSON.stringify(errorBody(reply.request.id, code, message))}\n\n`);
    void body.return();
  });
  const end = () => {
    forget();
    forgetToken();
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
