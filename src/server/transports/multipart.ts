import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { onAbort } from '../../abort.ts';
import { onTokenEnd } from '../auth/token-end.ts';
import type { Client } from '../client.ts';
import { ERRORS, type ErrorCode } from '../errors/catalogue.ts';
import { isStream, type ResultStream } from '../graphql/subscription.ts';
import { TOKEN_ENDED } from '../http/identity.ts';
import { reconnectAfterMs, type Connections } from './connections.ts';
import { drained, streamHeaders } from './streaming.ts';

const CONTENT_TYPE = 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"';

/** A client knows that a part is complete when it sees what stands between it and the next. So that is sent with the part. */
const DELIMITER = '\r\n--graphql';

const END = '--\r\n';

/** One part. An empty object is a heartbeat. */
interface Part {
  /** `null`: the stream has ended. */
  readonly payload?: FormattedExecutionResult | null;
  /** Why the gateway ended the stream. */
  readonly errors?: readonly GraphQLFormattedError[];
}

/**
 * Begins to answer by Apollo's multipart protocol for subscriptions: each result is a part. An empty part comes as often as a
 * WebSocket is pinged. A gateway that stops ends the stream by a part with an error, which says when to come back. So does one whose token has ended.
 *
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export function sendMultipart(
  reply: FastifyReply,
  result: ResultStream | FormattedExecutionResult,
  { limits, stopping }: Connections,
  client: Client,
): void {
  const response = reply.raw;
  const closed = new AbortController();
  const body = new Readable({ read: () => undefined });
  const write = (part: Part) => void body.push(textOf(part));
  const heartbeat = setInterval(() => write({}), limits.keepAliveMs);
  const releases = [() => clearInterval(heartbeat)];

  /** Writes nothing after this. */
  function end(last?: Part): void {
    if (closed.signal.aborted) return;
    closed.abort();
    for (const release of releases) release();
    if (last !== undefined) write(last);
    body.push(END);
    // oxlint-disable-next-line no-null -- streams end by it
    body.push(null);
    if (isStream(result)) void result.return();
  }

  async function sendAll(results: ResultStream): Promise<void> {
    for await (const payload of results) {
      if (closed.signal.aborted) return;
      write({ payload });
      await drained(response, closed.signal);
    }
    end();
  }

  body.push(DELIMITER);
  void reply.code(200).headers(streamHeaders(CONTENT_TYPE)).send(body);
  const leave = (code: ErrorCode, message: string) =>
    end({ payload: null, errors: problem(reply, code, message) });
  releases.push(onAbort(stopping, () => leave('OVERLOADED', 'The gateway is shutting down')));
  releases.push(onTokenEnd(client, () => leave(TOKEN_ENDED.code, TOKEN_ENDED.message)));
  if (response.closed) end();
  else response.once('close', () => end());
  if (!isStream(result)) end({ payload: result });
  else if (!closed.signal.aborted)
    sendAll(result).catch(() => leave('INTERNAL_SERVER_ERROR', 'Internal server error'));
}

function textOf(part: Part): string {
  return `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(part)}${DELIMITER}`;
}

function problem({ request }: FastifyReply, code: ErrorCode, message: string): GraphQLFormattedError[] {
  const { retryable } = ERRORS[code];
  const wait = code === 'OVERLOADED' ? { retryAfterMs: reconnectAfterMs() } : {};
  return [{ message, extensions: { code, retryable, ...wait, requestId: request.id } }];
}
