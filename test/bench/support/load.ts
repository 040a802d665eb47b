import { connect, type Socket } from 'node:net';

/** Requests to send to one server. */
export interface Load {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Gives the bytes of the next request. */
  readonly next: () => Buffer | string;
  /** The status every answer must have. @default 200 */
  readonly status?: number;
}

/** What came of a load. */
export interface Fired {
  readonly answers: number;
  readonly seconds: number;
  /** From the moment a request was written until the last byte of its answer came, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/** Where all connections read to, as what has come is looked at before more is read; memory for each is slower. */
const RECEIVED = Buffer.allocUnsafeSlow(256 * 1024);
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Sends requests over some connections that stay open, each as soon as the answer to the last has come, until a time is up
 * or a number of answers has come. It reads no more of an answer than its status and its length, so that on the other core
 * it can keep a server busy that does hardly more itself.
 *
 * @throws {Error} when an answer has another status, or no length, or a connection ends
 */
export async function fire(
  { url, next, status = 200 }: Load,
  until: { readonly seconds?: number; readonly answers?: number },
  connections = 32,
): Promise<Fired> {
  const { hostname, port } = new URL(url);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const startedAt = performance.now();
  const endsAt = startedAt + (until.seconds ?? Infinity) * 1000;
  const wanted = String(status);
  let sent = 0;
  const latenciesMs: number[] = [];

  const sockets: Socket[] = [];

  function run(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sentAt = 0;
    const send = (now: number) => {
      if (now >= endsAt || sent >= (until.answers ?? Infinity)) {
        socket.destroy();
        resolve();
        return;
      }
      sent += 1;
      const request = next();
      sentAt = performance.now();
      socket.write(request);
    };
    // The beginning of an answer whose length is not known yet.
    let begun: Buffer | undefined;
    let missing = 0;
    let lastLength = 0;
    const read = (chunk: Buffer) => {
      if (missing > 0) missing -= chunk.length;
      // One just as long as the last and with its status need not be looked at further.
      else if (
        begun === undefined &&
        chunk.length === lastLength &&
        chunk.toString('latin1', 9, 12) === wanted
      ) {
        missing = 0;
      } else {
        const bytes = begun === undefined ? chunk : Buffer.concat([begun, chunk]);
        const length = lengthOf(bytes, status);
        if (length instanceof Error) return reject(length);
        begun = length === undefined ? Buffer.from(bytes) : undefined;
        if (length === undefined) return undefined;
        missing = length - bytes.length;
        lastLength = length;
      }
      if (missing < 0) return reject(new Error('more came than one answer'));
      if (missing > 0) return undefined;
      const now = performance.now();
      latenciesMs.push(now - sentAt);
      return send(now);
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: RECEIVED,
        callback(length) {
          read(RECEIVED.subarray(0, length));
          return true;
        },
      },
    });
    sockets.push(socket);
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`${url} ended a connection`)));
    socket.once('connect', () => send(performance.now()));
    return promise;
  }

  try {
    await Promise.race([Promise.all(Array.from({ length: connections }, run)), failed]);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return { answers: latenciesMs.length, seconds: (performance.now() - startedAt) / 1000, latenciesMs };
}

/** How long the answer is that begins here, in bytes; `undefined` when its head is not complete. */
function lengthOf(bytes: Buffer, status: number): number | Error | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  if (!head.startsWith(`HTTP/1.1 ${String(status)} `)) {
    return new Error(
      `answered with ${head.slice(0, head.indexOf('\r\n'))}: ${bytes.toString().slice(headEnd, headEnd + 300)}`,
    );
  }
  const bodyStart = headEnd + HEAD_END.length;
  if (status === 304) return bodyStart;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  return length === undefined
    ? new Error(`an answer of no announced length:\n${head}`)
    : bodyStart + Number(length);
}

/** The bytes of a `POST /graphql`. */
export function postOf(body: string, path = '/graphql'): string {
  return (
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n` +
    `content-type: application/json\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`
  );
}

/** The bytes of a `GET` with these headers. */
export function getOf(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: '127.0.0.1', accept: 'application/json', ...headers });
  return `GET ${path} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`;
}
