import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { BOUNDS } from '../../bounds.ts';
import { connectionOf } from './counted-connection.ts';

/** Counts what each body takes in memory, and refuses one with too many values before it is read. */
export function countBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (!isUtf8(bytes))
      return done(Object.assign(new Error('The body is not valid UTF-8'), { statusCode: 400 }));
    const body = bytes.toString();
    const values = countValues(body);
    if (values > BOUNDS.bodyValues.max) {
      const message = `The body has ${String(values)} values; the limit is ${String(BOUNDS.bodyValues.max)}`;
      return done(Object.assign(new Error(message), { statusCode: 400 }));
    }
    const { raw } = request;
    const response = connectionOf(raw.socket)?.underWay.find(({ req }) => req === raw);
    response?.hold(heldBytes(body, values));
    void parse(request, body, done);
  });
}

/** About what a value takes in memory that JSON wrote with one character, such as `[`, in bytes. Measured: 40 to 100. */
const BYTES_OF_A_VALUE = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;

/** How many values a JSON text has, without reading it. It is right for valid JSON, but for one more or less in each list. */
export function countValues(text: string): number {
  let count = 1;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) isInString = !isInString;
    else if (isInString) {
      if (code === BACKSLASH) index += 1;
    } else if (code === COMMA || code === OPEN_LIST || code === OPEN_OBJECT) count += 1;
  }
  return count;
}

/** About what a JSON text and its values take in memory, in bytes. 240 KB of nested lists take 5 to 7 MB. */
export function heldBytes(text: string, values: number): number {
  return text.length + values * BYTES_OF_A_VALUE;
}
