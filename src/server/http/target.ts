import type { IncomingMessage } from 'node:http';
import { hostOf } from '../../host.ts';

/** Gives the target of a request its one form. */
export type NormalizeTarget = (request: IncomingMessage) => void;

/**
 * Creates what also takes a prefix off the path, which a proxy in front may have left there. A path without it is taken as it
 * is, as a proxy may take it off, and health checks come without a proxy.
 *
 * @param prefix such as `/jobs`. `undefined`: there is none
 */
export function createNormalizeTarget(prefix: string | undefined): NormalizeTarget {
  if (prefix === undefined) return normalizeTarget;
  return (request) => {
    normalizeTarget(request);
    const { url = '' } = request;
    if (url.startsWith(`${prefix}/`)) request.url = url.slice(prefix.length);
  };
}

/**
 * Gives the target of a request the one form that all who come after read it in: a path, and a query string if it has one.
 * Otherwise the router would take `/graphq%6c` for `/graphql`, and the checks would not.
 *
 * - The authority of `http://host/path` takes the place of the `Host` header.
 * - Characters of the path that need no percent-encoding lose it.
 *
 * What is no such target stays as it is. {@link isTarget} tells. A path that cannot be decoded is replaced by one that is none: the
 * router comes ahead of whatever sends refusals, and would answer it by itself, without the headers of every response.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function normalizeTarget(request: IncomingMessage): void {
  const { url = '', headers } = request;
  if (url === '/graphql') return;
  const [, authority, rest] = (url.startsWith('/') ? null : ABSOLUTE.exec(url)) ?? [];
  let target = url;
  if (authority !== undefined && rest !== undefined && hostOf(authority) !== undefined) {
    target = rest.startsWith('/') ? rest : `/${rest}`;
    // Without the header the request is refused, whatever its target says.
    if (headers.host !== undefined) headers.host = authority;
  }
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  if (path.includes('%')) {
    const decoded = decodeUnreserved(path);
    target = isDecodable(decoded) ? decoded + target.slice(path.length) : UNREADABLE;
  }
  if (target !== url) request.url = target;
}

/** The router reads it, and {@link isTarget} is not true of it. */
const UNREADABLE = '/#';

const ABSOLUTE = /^https?:\/\/([^/?#]*)([^]*)$/i;

/** The text with the characters decoded that are the same with and without percent-encoding. */
function decodeUnreserved(path: string): string {
  return path.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded;
  });
}

/** Whether what is percent-encoded in a path is UTF-8, so that the router can decode it. */
function isDecodable(path: string): boolean {
  try {
    decodeURI(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a target is a path, or `*` of an `OPTIONS` request. A fragment, which the router would cut off, makes it none. */
export function isTarget({ url = '', method }: IncomingMessage): boolean {
  if (url.includes('#')) return false;
  return url.startsWith('/') || (url === '*' && method === 'OPTIONS');
}
