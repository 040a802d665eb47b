import { connect, type Socket } from 'node:net';

/** A response as it came. */
export interface RawResponse {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A connection that says whatever it is given. Requests may be pipelined. */
export interface RawConnection {
  readonly socket: Socket;
  /** Resolves when the system has taken it, or the connection has closed. */
  send(bytes: string | Buffer): Promise<void>;
  /** Responses so far. */
  readonly responses: number;
  /** Resolves when there are as many responses, or the connection has closed. */
  until(responses: number): Promise<void>;
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
}

export interface RawOptions {
  readonly port: number;
  /** The address to connect from. @default 127.0.0.1 */
  readonly from?: string;
  /** Begins the connection, in place of `port` and `from`. */
  readonly connectAs?: (() => Socket) | undefined;
  readonly onResponse?: (response: RawResponse) => void;
  /** Receives the body of a response as it comes, one chunk at a time. */
  readonly onChunk?: (text: string) => void;
}

/** Connects. It resolves once the connection is made, and rejects when it is refused. */
export async function openRaw({
  port,
  from,
  connectAs,
  onResponse,
  onChunk,
}: RawOptions): Promise<RawConnection> {
  const socket =
    connectAs?.() ?? connect({ port, host: '127.0.0.1', ...(from !== undefined && { localAddress: from }) });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined);
  let responses = 0;
  let isClosed = false;
  const watchers = new Set<() => void>();
  const look = () => {
    for (const watcher of watchers) watcher();
  };
  const { parse, end } = createParser((response) => {
    responses += 1;
    onResponse?.(response);
  }, onChunk);
  socket.on('data', (chunk: Buffer) => {
    try {
      parse(chunk);
    } catch (error) {
      onResponse?.({ status: 0, head: String(error), body: '' });
      socket.destroy();
    }
    look();
  });
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isClosed = true;
      end();
      look();
      resolve();
    }),
  );
  return {
    socket,
    closed,
    get responses() {
      return responses;
    },
    get isClosed() {
      return isClosed;
    },
    async send(bytes) {
      if (isClosed || !socket.writable) return;
      const written = new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      await Promise.race([written, closed]);
    },
    until: (count) =>
      new Promise((resolve) => {
        const watcher = () => {
          if (responses < count && !isClosed) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

/** Reads responses one after another: with a length, in chunks, or without a body. */
function createParser(
  onResponse: (response: RawResponse) => void,
  onChunk?: (text: string) => void,
): { readonly parse: (bytes: Buffer) => void; readonly end: () => void } {
  let buffer: Buffer = Buffer.alloc(0);
  /** The head that was read, whose body has not come whole. */
  let head: string | undefined;
  let chunks: Buffer[] = [];
  /** What follows an upgrade are no responses. */
  let isUpgraded = false;

  /** Takes a part out of the buffer. It gives `undefined` when that has not come whole. */
  function take(length: number): Buffer | undefined {
    if (buffer.length < length) return undefined;
    const part = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return part;
  }

  function takeLine(end: string): string | undefined {
    const index = buffer.indexOf(end);
    return index === -1 ? undefined : take(index + end.length)?.toString('latin1');
  }

  function finish(body: Buffer): true {
    const text = head ?? '';
    head = undefined;
    chunks = [];
    onResponse({ status: statusOf(text), head: text, body: body.toString() });
    return true;
  }

  /** Reads one chunk, and tells whether there was one. */
  function readChunk(): boolean {
    const lineEnd = buffer.indexOf('\r\n');
    if (lineEnd === -1) return false;
    const size = Number.parseInt(buffer.toString('latin1', 0, lineEnd), 16);
    if (Number.isNaN(size)) throw new TypeError(`no chunk: ${buffer.toString('latin1', 0, 100)}`);
    const chunk = take(lineEnd + 2 + size + 2)?.subarray(lineEnd + 2, -2);
    if (chunk === undefined) return false;
    if (size === 0) return finish(Buffer.concat(chunks));
    chunks.push(Buffer.from(chunk));
    onChunk?.(chunk.toString());
    return true;
  }

  /** Goes on by one step, and tells whether there was one. */
  function step(): boolean {
    if (isUpgraded) return false;
    head ??= takeLine('\r\n\r\n');
    if (head === undefined) return false;
    isUpgraded = statusOf(head) === 101;
    if (statusOf(head) === 304 || statusOf(head) < 200) return finish(Buffer.alloc(0));
    if (/^transfer-encoding: *chunked/im.test(head)) return readChunk();
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    // It ends with its connection.
    if (length === undefined && /^connection: *close/im.test(head)) return false;
    const body = take(Number(length ?? 0));
    return body !== undefined && finish(body);
  }

  return {
    parse(bytes) {
      if (isUpgraded) return;
      buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes]);
      while (step());
    },
    end() {
      const isCut = head !== undefined && /^(transfer-encoding|content-length):/im.test(head);
      if (head !== undefined && !isCut && !isUpgraded) finish(buffer);
    },
  };
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
}

/** The bytes of a request. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): string {
  const all = {
    host: 'gateway.example',
    ...headers,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}
