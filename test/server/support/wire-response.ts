import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

/** A response as it came. */
export interface WireResponse {
  readonly status: number;
  /** The headers that a client goes by, without what is of one response alone. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes and gives the final response. @throws when the connection closes without one */
export function sendBytes(url: string, bytes: Buffer): Promise<WireResponse> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const chunks: Buffer[] = [];
  const socket = connect(Number(port), hostname, () => void socket.write(bytes));
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    const response = responseIn(Buffer.concat(chunks));
    if (response === undefined) return;
    socket.destroy();
    resolve(response);
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error(`no response: ${Buffer.concat(chunks).toString()}`)));
  return promise;
}

/** `undefined`: more has to come. */
function responseIn(bytes: Buffer): WireResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [start = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const rest = bytes.subarray(end + 4);
  const status = Number(start.split(' ', 2)[1]);
  if (status < 200) return responseIn(rest);
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = bodyIn(rest, headers);
  if (body === undefined) return undefined;
  return { status, headers: steady(headers), body: decode(body, headers['content-encoding']) };
}

function bodyIn(bytes: Buffer, headers: Readonly<Record<string, string>>): Buffer | undefined {
  if (headers['transfer-encoding'] === 'chunked') {
    return bytes.subarray(-5).toString() === '0\r\n\r\n' ? unchunk(bytes) : undefined;
  }
  const length = Number(headers['content-length'] ?? 0);
  return bytes.length >= length ? bytes.subarray(0, length) : undefined;
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
  return Buffer.concat(parts);
}

function decode(body: Buffer, encoding: string | undefined): string {
  if (encoding === 'gzip') return gunzipSync(body).toString();
  return (encoding === 'br' ? brotliDecompressSync(body) : body).toString();
}

/** What is measured, or goes by the clock, differs between two responses that are the same. */
const OWN = new Set([
  'date',
  'age',
  'server-timing',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
]);

function steady(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !OWN.has(name));
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'cache-control' ? value.replace(/\d+/, 'N') : value]),
  );
}
