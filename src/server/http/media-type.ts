import type { IncomingHttpHeaders } from 'node:http';
import { MIMEType } from 'node:util';
import type { Refusal } from './refusal.ts';

/** Refuses a body by what its headers say of it: anything but JSON in UTF-8, as it is. */
export function refusalOfBody(headers: IncomingHttpHeaders): Refusal | undefined {
  const coding = headers['content-encoding'];
  if (coding !== undefined && !/^(?:identity)?$/i.test(coding)) return ENCODED;
  const type = headers['content-type'];
  if (type === 'application/json') return undefined;
  if (type !== undefined) return refusalOfType(type);
  const length = headers['content-length'] ?? '0';
  return headers['transfer-encoding'] === undefined && length === '0' ? undefined : NOT_JSON;
}

function refusalOfType(type: string): Refusal | undefined {
  const [essence = '', parameters] = type.split(/;(.*)/s, 2);
  if (essence.trim().toLowerCase() !== 'application/json') return NOT_JSON;
  if (parameters === undefined || parameters.toLowerCase() === ' charset=utf-8') return undefined;
  const charset = mediaType(type)?.params.get('charset');
  return charset === undefined || charset === null || /^utf-?8$/i.test(charset) ? undefined : FOREIGN_CHARSET;
}

const NOT_JSON: Refusal = {
  status: 415,
  code: 'BAD_REQUEST',
  message: 'Unsupported Media Type: the body must be application/json',
};

const FOREIGN_CHARSET: Refusal = {
  status: 415,
  code: 'BAD_REQUEST',
  message: 'Unsupported Media Type: the charset of the body must be utf-8',
};

const ENCODED: Refusal = {
  status: 415,
  code: 'BAD_REQUEST',
  message: 'The body may have no Content-Encoding',
  headers: { 'accept-encoding': 'identity' },
};

/** `undefined`: the text is no media type. */
export function mediaType(type: string): MIMEType | undefined {
  try {
    return new MIMEType(type);
  } catch {
    return undefined;
  }
}
