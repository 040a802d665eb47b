import { randomBytes } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError, TimeoutError } from 'got';
import { IceError, type IceErrorCode } from './errors.ts';
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
  /** Clock of the signature's date. */
  readonly now: () => Date;
}

/** A complete response with any status. `body` is `undefined` when it was over {@link MAX_BODY_BYTES}. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | undefined;
}

export interface Transport {
  /**
   * Sends one attempt of `action`. Each attempt has its own signature. As with the official clients, the method is POST,
   * every parameter is in the query string, and there is no body.
   *
   * @throws {IceError} UPSTREAM_TIMEOUT or UPSTREAM_UNAVAILABLE when no complete response came
   */
  send(
    action: string,
    query: Readonly<Record<string, string>>,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<RawResponse>;
  /** Closes the idle connections. */
  close(): void;
}

// oxlint-disable-next-line max-lines-per-function -- one attempt is one stream, from its first byte to its last
export function createTransport(options: TransportOptions): Transport {
  const { endpoint, timeoutMs, maxSockets, keepAlive, now } = options;
  const agent = {
    http: new HttpAgent({ keepAlive, maxSockets }),
    https: new HttpsAgent({ keepAlive, maxSockets }),
  };
  const client = got.extend({
    agent,
    timeout: { request: timeoutMs },
    // Our own layers count, sign and space the attempts.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    method: 'POST',
  });

  return {
    async send(action, query, credentials, signal) {
      const headers = signHeaders(
        {
          method: 'POST',
          host: endpoint.host,
          action,
          version: API_VERSION,
          query,
          headers: { accept: 'application/json', 'user-agent': 'package-job-gateway' },
          at: now(),
          nonce: randomBytes(16).toString('hex'),
        },
        credentials,
      );
      const url = new URL(endpoint);
      url.search = encodeQuery(query);
      try {
        const stream = client.stream(url, { headers, signal, body: '' });
        const chunks: Buffer[] = [];
        let size = 0;
        let response: Omit<RawResponse, 'body'> | undefined;
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
          body: size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8'),
        };
      } catch (error) {
        throw toIceError(action, error, signal);
      }
    },
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

/** Turns what `got` throws into an {@link IceError}. Any other error is a fault of ours and stays as it is. */
function toIceError(action: string, error: unknown, signal: AbortSignal): unknown {
  if (!(error instanceof RequestError) && !signal.aborted) return error;
  // got's own error must not be the cause, as its `options` hold the signed headers.
  const code = error instanceof RequestError ? error.code : 'aborted';
  const cause = new Error(code);
  const details = { action, ...(UNCONNECTED.has(code) && { isUnconnected: true as const }) };
  return new IceError(codeOf(error, signal), details, { cause });
}

/** Failures that only happen before there is a connection. Of any other failure nobody can tell. */
const UNCONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function codeOf(error: unknown, signal: AbortSignal): IceErrorCode {
  if (signal.aborted || error instanceof TimeoutError) return 'UPSTREAM_TIMEOUT';
  // A body that cannot be decompressed was complete.
  const isUndecodable = error instanceof RequestError && error.code.startsWith('Z_');
  return isUndecodable ? 'UPSTREAM_MALFORMED' : 'UPSTREAM_UNAVAILABLE';
}
