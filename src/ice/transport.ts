import { randomBytes } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError, TimeoutError } from 'got';
import { IceError, type IceErrorCode } from './errors.ts';
import { encodeQuery, signHeaders, type Credentials } from './sign.ts';

/** The version of the API that every request names. */
export const API_VERSION = '2020-11-09';

/** The largest body read, in bytes; ICE's own answers stay far below it. */
export const MAX_BODY_BYTES = 1024 * 1024;

export interface TransportOptions {
  /** Scheme, host and port; the path is always `/`. */
  readonly endpoint: URL;
  /** Limit for one attempt, from its first byte out to its last byte in, in milliseconds. */
  readonly timeoutMs: number;
  /** Most connections open at once. */
  readonly maxSockets: number;
  /**
   * Whether connections are used again. One that ICE is just closing loses the request sent on it, and whether ICE read
   * that nobody can tell.
   */
  readonly keepAlive: boolean;
  /** Clock of the signature's date. */
  readonly now: () => Date;
}

/** A complete answer, whatever its status. `body` is `undefined` when it was over {@link MAX_BODY_BYTES}. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | undefined;
}

export interface Transport {
  /**
   * Sends one attempt of `action`, signed for this attempt alone, as the official clients do: POST, every parameter
   * in the query string, no body.
   *
   * @throws {IceError} UPSTREAM_TIMEOUT or UPSTREAM_UNAVAILABLE when no complete answer came
   */
  send(
    action: string,
    query: Readonly<Record<string, string>>,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<RawAnswer>;
  /** Closes the idle connections. */
  close(): void;
}

export function createTransport(options: TransportOptions): Transport {
  const { endpoint, timeoutMs, maxSockets, keepAlive, now } = options;
  const agent = {
    http: new HttpAgent({ keepAlive, maxSockets }),
    https: new HttpsAgent({ keepAlive, maxSockets }),
  };
  const client = got.extend({
    agent,
    timeout: { request: timeoutMs },
    // Attempts are counted, signed and spaced by our own layers.
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
        let answer: Omit<RawAnswer, 'body'> | undefined;
        stream.once(
          'response',
          ({ statusCode, headers }: { statusCode: number; headers: RawAnswer['headers'] }) => {
            answer = { status: statusCode, headers };
          },
        );
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          size += chunk.length;
          // Leaving the loop destroys the stream and with it the connection.
          if (size > MAX_BODY_BYTES) break;
          chunks.push(chunk);
        }
        if (answer === undefined) throw new IceError('UPSTREAM_UNAVAILABLE', { action });
        return {
          ...answer,
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

/** Turns what `got` throws into an {@link IceError}; anything else is a bug of ours and stays as it is. */
function toIceError(action: string, error: unknown, signal: AbortSignal): unknown {
  if (!(error instanceof RequestError) && !signal.aborted) return error;
  // Not got's error itself: its `options` hold the signed headers.
  const code = error instanceof RequestError ? error.code : 'aborted';
  const cause = new Error(code);
  const details = { action, ...(UNCONNECTED.has(code) && { isUnconnected: true as const }) };
  return new IceError(codeOf(error, signal), details, { cause });
}

/** Failures that only happen before there is a connection; of any other it cannot be told. */
const UNCONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function codeOf(error: unknown, signal: AbortSignal): IceErrorCode {
  if (signal.aborted || error instanceof TimeoutError) return 'UPSTREAM_TIMEOUT';
  // A body that cannot be decompressed came whole.
  const isUndecodable = error instanceof RequestError && error.code.startsWith('Z_');
  return isUndecodable ? 'UPSTREAM_MALFORMED' : 'UPSTREAM_UNAVAILABLE';
}
