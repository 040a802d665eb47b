import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HeadCheck, RequestCheck } from './checks.ts';

/** All that such checks know of a request. */
type Head = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'> & {
  /** Its own header, or the authority of its target. */
  readonly host: string | undefined;
};

const PASSED = Symbol('passed head');

/** Heads with more names and values, or more text in them, are checked each time, so that a connection keeps little. */
const MAX_WORDS = 64;
const MAX_CHARACTERS = 4096;

/**
 * Makes one check of many. A client repeats its head on a connection, so a request passes at once when its head is that of
 * the last one there that passed. Its length, its id and its token may be others.
 */
export function checkHeadsOnce(checks: Readonly<Record<string, HeadCheck>>): RequestCheck {
  const list = Object.values(checks);
  return (request) => {
    const socket: Socket & { [PASSED]?: Head } = request.socket;
    const passed = socket[PASSED];
    if (passed !== undefined && isSameHead(passed, request)) return undefined;
    for (const check of list) {
      const refusal = check(request);
      if (refusal !== undefined) return refusal;
    }
    if (isKept(request)) {
      const { method, url, httpVersion, rawHeaders, headers } = request;
      socket[PASSED] = { method, url, httpVersion, rawHeaders, host: headers.host };
    }
    return undefined;
  };
}

/** Whether an upgrade is taken does not follow from the head alone, so a head that offers one is checked each time. */
function isKept({ url = '', rawHeaders, headers }: IncomingMessage): boolean {
  if (rawHeaders.length > MAX_WORDS || headers.upgrade !== undefined) return false;
  let characters = url.length;
  for (const word of rawHeaders) characters += word.length;
  return characters <= MAX_CHARACTERS;
}

function isSameHead(head: Head, { method, url, httpVersion, rawHeaders, headers }: IncomingMessage): boolean {
  if (head.method !== method || head.url !== url || head.httpVersion !== httpVersion) return false;
  if (head.host !== headers.host || head.rawHeaders.length !== rawHeaders.length) return false;
  for (let index = 0; index < rawHeaders.length; index += 1) {
    const word = rawHeaders[index] ?? '';
    const known = head.rawHeaders[index] ?? '';
    if (word !== known && (index % 2 === 0 || !mayDiffer(rawHeaders[index - 1] ?? '', word, known)))
      return false;
  }
  return true;
}

/** Whether no check tells two values of this header apart. */
function mayDiffer(name: string, a: string, b: string): boolean {
  const lowerCase = name.toLowerCase();
  // A proxy sends the requests of many bearers on one connection. Who they are is checked apart from this.
  if (lowerCase === 'x-request-id' || lowerCase === 'authorization') return true;
  return lowerCase === 'content-length' && a !== '0' && b !== '0';
}
