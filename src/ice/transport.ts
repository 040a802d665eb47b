import { randomBytes } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import got, { RequestError, TimeoutError } from 'got';
import { createAgents } from './agents.ts';
import { IceError, type IceErrorCode } from './errors.ts';
import { NO_PROXIES, type ProxySettings } from './proxy.ts';
import { encodeQuery, signHeaders, type Credentials } from './sign.ts';

/** The version of the API that every request names. */
export const API_VERSION = '2020-11-09';

/** The largest body read, in bytes. ICE's own responses stay far below it. */
export const MAX_BODY_BYTES = 1024 * 1024;

export interface TransportOptions {
  /** Scheme, host and port. The path is always `/`. */
  readonly endpoint: URL;
  /** Limit for one attempt in milliseconds, from its first byte sent to its last byte received. */
  readonly timeoutMs: number;
  /** Most connections open at once. */
  readonly maxSockets: number;
  /**
   * Whether connections are used again. A connection that ICE is just closing loses the request sent on it. Nobody can
   * tell then whether ICE read that request.
   */
  readonly keepAlive: boolean;
  /** @default none */
  readonly proxies?: ProxySettings | undefined;
}

/** A complete response with any status. `body` is `undefined` when it was over {@link MAX_BODY_BYTES}. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | undefined;
  /** The bytes read of it. */
  readonly bytes: number;
}

export interface Transport {
  /**
   * Sends one attempt of `action`. Each attempt has its own signature. As with the official clients, the method is POST,
   * every parameter is in the query string, and there is no body.
   *
   * @param at the date of the signature
   * @throws {IceError} UPSTREAM_TIMEOUT or UPSTREAM_UNAVAILABLE when no complete response came
   */
  send(
    action: string,
    query: Readonly<Record<string, string>>,
    credentials: Credentials,
    at: Date,
    signal: AbortSignal,
  ): Promise<RawResponse>;
  /** Closes the idle connections. */
  close(): void;
}

// oxlint-disable-next-line max-lines-per-function -- one attempt is one stream, from its first byte to its last
export function createTransport(options: TransportOptions): Transport {
  const { endpoint, timeoutMs, maxSockets, keepAlive, proxies = NO_PROXIES } = options;
  const agents = createAgents(endpoint, { proxies, keepAlive, maxSockets, timeoutMs });
  const client = got.extend({
    agent: agents.byScheme,
    timeout: { request: timeoutMs },
    // Our own layers count, sign and space the attempts.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    method: 'POST',
  });

  return {
    async send(action, query, credentials, at, signal) {
      const headers = signHeaders(
        {
          method: 'POST',
          host: endpoint.host,
          action,
          version: API_VERSION,
          query,
          headers: { accept: 'application/json', 'user-agent': 'package-job-gateway' },
          at,
          nonce: randomBytes(16).toString('hex'),
        },
        credentials,
      );
      const url = new URL(endpoint);
      url.search = encodeQuery(query);
      const progress = { isConnected: false };
      // Where a response comes before its request is flushed, got heeds the signal after the end too, with nobody to tell.
      const attempt = new AbortController();
      const abort = () => attempt.abort(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      try {
        const stream = client.stream(url, { headers, signal: attempt.signal, body: '' });
        stream.once('request', (request: ClientRequest) => {
          request.once('socket', (socket: Socket) => {
            whenConnected(socket, () => (progress.isConnected = true));
          });
        });
        const chunks: Buffer[] = [];
        let size = 0;
        let response: Omit<RawResponse, 'body' | 'bytes'> | undefined;
        stream.once(
          'response',
          ({ statusCode, headers }: { statusCode: number; headers: RawResponse['headers'] }) => {
            response = { status: statusCode, headers };
          },
        );
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          size += chunk.length;
          // The end of the loop destroys the stream, and with it the connection.
          if (size > MAX_BODY_BYTES) break;
          chunks.push(chunk);
        }
        if (response === undefined) throw new IceError('UPSTREAM_UNAVAILABLE', { action });
        return {
          ...response,
          bytes: size,
          body: size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8'),
        };
      } catch (error) {
        throw toIceError(action, error, signal, progress.isConnected);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    close() {
      agents.destroy();
    },
  };
}

/** Calls back when there is a connection to ICE itself, which a request can be sent on. With TLS the peer is trusted by then. */
function whenConnected(socket: Socket, callBack: () => void): void {
  if (socket instanceof TLSSocket) {
    // It has a protocol once the handshake is done. A connection that is used again has done it.
    if (socket.authorized) callBack();
    else socket.once('secureConnect', callBack);
  } else if (socket.connecting) socket.once('connect', callBack);
  else callBack();
}

/** Turns what `got` throws into an {@link IceError}. Any other error is a fault of ours and stays as it is. */
function toIceError(action: string, error: unknown, signal: AbortSignal, isConnected: boolean): unknown {
  if (!(error instanceof RequestError) && !signal.aborted) return error;
  // got's own error must not be the cause, as its `options` hold the signed headers.
  const cause = new Error(error instanceof RequestError ? error.code : 'aborted');
  const details = { action, ...(!isConnected && { isUnconnected: true as const }) };
  return new IceError(codeOf(error, signal), details, { cause });
}

function codeOf(error: unknown, signal: AbortSignal): IceErrorCode {
  if (signal.aborted || error instanceof TimeoutError) return 'UPSTREAM_TIMEOUT';
  // A body that cannot be decompressed was complete.
  const isUndecodable = error instanceof RequestError && error.code.startsWith('Z_');
  return isUndecodable ? 'UPSTREAM_MALFORMED' : 'UPSTREAM_UNAVAILABLE';
}
