import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, type BrotliOptions } from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';
import { ownBytes } from './own-bytes.ts';

export type Encoding = 'br' | 'gzip';

/** Bodies under this many bytes fit one packet uncompressed. */
const MIN_BYTES = 1024;

/** The one that compresses more comes first. */
const ENCODINGS: string[] = ['br', 'gzip'];

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** The encoding to send a body in. The client must have named it. `undefined` sends the body as it is. */
export function encodingFor(body: string | Buffer, acceptEncoding: string | undefined): Encoding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === '*') return undefined;
  if (Buffer.byteLength(body) < MIN_BYTES) return undefined;
  // oxlint-disable-next-line no-unsafe-type-assertion -- it gives one of those it was given
  return (negotiate(acceptEncoding, ENCODINGS) ?? undefined) as Encoding | undefined;
}

/** Compresses as much as can be done while a client waits. The result is small enough to be cached as it is. */
export async function compress(body: string | Buffer, encoding: Encoding): Promise<Buffer> {
  // zlib writes into blocks of 16 KiB, and gives the beginning of one.
  return ownBytes(
    await (encoding === 'gzip' ? compressGzip(body) : compressBrotli(body, brotliOptions(body))),
  );
}

function brotliOptions(body: string | Buffer): BrotliOptions {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 4,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(body),
    },
  };
}
