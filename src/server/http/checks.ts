import type { IncomingMessage } from 'node:http';
import { BOUNDS } from '../../bounds.ts';
import type { Client } from '../client.ts';
import { isPreflighted, refusalOfForgery } from './csrf.ts';
import { createHostRule, type AllowedHosts } from './hosts.ts';
import { mayOpenWebSocket, type AllowedOrigins } from './origins.ts';
import { refusalOfBody } from './media-type.ts';
import type { Refusal } from './refusal.ts';
import { isTarget, type NormalizeTarget } from './target.ts';
import { pathOf } from './url.ts';

/** Refuses a request by its method, path, headers and client, or lets it pass. */
export type RequestCheck = (request: IncomingMessage, client: Client) => Refusal | undefined;

/** The same by nothing but the method, the target and the headers. */
export type HeadCheck = (request: IncomingMessage) => Refusal | undefined;

export interface ChecksOptions {
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** The hosts that requests may be made to. Health checks may be made to any. */
  readonly allowedHosts: AllowedHosts;
  /** Origins whose pages may open WebSockets. */
  readonly corsOrigins: AllowedOrigins;
}

/**
 * All that may refuse a request by its method, path and headers, in order. It runs once for each request, ahead of the
 * response cache, so no route goes around it. A new rule on who may ask is one more entry here.
 *
 * A document is checked where it is parsed, see `graphql/apollo`. The response cache only knows documents that passed.
 */
export function createChecks({
  stopping,
  allowedHosts,
  corsOrigins,
}: ChecksOptions): Readonly<Record<string, HeadCheck>> & { readonly draining: HeadCheck } {
  const verdictOn = createHostRule(allowedHosts);
  /** The authority of a request that passed the check of its host. `undefined` when any host passes. */
  const ownAuthority = ({ headers }: IncomingMessage) => (allowedHosts === 'any' ? undefined : headers.host);
  return {
    draining: ({ url = '' }) => (stopping.aborted && !HEALTH_PATHS.has(pathOf(url)) ? DRAINING : undefined),
    target: (request) => (isTarget(request) ? undefined : NO_TARGET),
    headers: (request) =>
      request.rawHeaders.length > 2 * BOUNDS.requestHeaders.max
        ? TOO_MANY_HEADERS
        : refusalOfRepeats(request),
    host: (request) => {
      const verdict = verdictOn(request);
      if (verdict === 'invalid') return NO_HOST;
      return verdict === 'allowed' || HEALTH_PATHS.has(pathOf(request.url ?? '')) ? undefined : FOREIGN_HOST;
    },
    expectation: ({ headers: { expect } }) =>
      expect === undefined || expect.toLowerCase() === '100-continue' ? undefined : UNMET,
    transferCoding: ({ headers: { 'transfer-encoding': coding } }) =>
      coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : UNKNOWN_CODING,
    origin: (request) =>
      !isUpgrade(request) ||
      !isGraphql(request) ||
      mayOpenWebSocket(request.headers.origin, ownAuthority(request), corsOrigins)
        ? undefined
        : FOREIGN_ORIGIN,
    mediaType: (request) =>
      request.method === 'POST' && isGraphql(request) ? refusalOfBody(request.headers) : undefined,
    csrf: (request) =>
      isUpgrade(request) ||
      !isGraphql(request) ||
      !EXECUTING.has(request.method ?? '') ||
      isPreflighted(request)
        ? undefined
        : refusalOfForgery(request, (origin) => mayOpenWebSocket(origin, ownAuthority(request), corsOrigins)),
  };
}

export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** The refusal of a request that comes while the gateway stops. */
export const DRAINING: Refusal = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The gateway is shutting down',
  headers: { 'retry-after': '1' },
};

const NO_TARGET: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message:
    'The target of the request must be a path, percent-encoded in UTF-8, or an http(s) URL without user information and fragment',
};

/** Node leaves out what is over its own limit, and repeats could hide there. */
const TOO_MANY_HEADERS: Refusal = {
  status: 431,
  code: 'BAD_REQUEST',
  message: `The request has more than ${String(BOUNDS.requestHeaders.max)} headers`,
};

const NO_HOST: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The request must name one host in its Host header',
};

/**
 * A gateway answers whoever can reach it. A browser would let any site do that whose own name resolves to the gateway's
 * address (DNS rebinding).
 */
const FOREIGN_HOST: Refusal = {
  status: 421,
  code: 'BAD_REQUEST',
  message: 'The gateway does not answer to this host name; ALLOWED_HOSTS lists those that it answers to',
};

const UNMET: Refusal = {
  status: 417,
  code: 'BAD_REQUEST',
  message: 'The gateway meets no expectation but `100-continue`',
};

const UNKNOWN_CODING: Refusal = {
  status: 501,
  code: 'BAD_REQUEST',
  message: 'The body may have no Transfer-Encoding but `chunked`',
  // Where its body ends cannot be told.
  headers: { connection: 'close' },
};

/** Browsers ask nobody before they open a WebSocket. */
const FOREIGN_ORIGIN: Refusal = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of this origin may not connect; CORS_ORIGINS allows them',
};

/** Methods of `/graphql` that execute an operation. */
const EXECUTING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Whether a request is for an operation. A WebSocket has none yet. */
export function isForOperation(request: IncomingMessage): boolean {
  return EXECUTING.has(request.method ?? '') && isGraphql(request) && !isUpgrade(request);
}

/** Whether a request is for GraphQL. Its target is in its one form by then. */
export function isGraphql({ url = '' }: IncomingMessage): boolean {
  return pathOf(url) === '/graphql';
}

/** Whether a request offers to become a WebSocket. HTTP says to ignore an offer that is not taken, such as that of `h2c`. */
export function offersWebSocket({ method, headers }: IncomingMessage): boolean {
  const { upgrade, connection = '' } = headers;
  if (upgrade === undefined || method !== 'GET') return false;
  return /(?:^|,)\s*websocket\s*(?:,|$)/i.test(upgrade) && /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection);
}

const UPGRADED = Symbol('upgraded');

interface UpgradedRequest extends IncomingMessage {
  [UPGRADED]?: true;
}

/** Decides whether a request becomes a WebSocket. Any other request is answered as if it had not offered that. */
export function takeUpgrade(request: UpgradedRequest, normalize: NormalizeTarget): boolean {
  if (!offersWebSocket(request)) return false;
  normalize(request);
  if (!isGraphql(request)) return false;
  request[UPGRADED] = true;
  return true;
}

/** Whether the connection of a request is no HTTP connection any more: it becomes a WebSocket, or is closed. */
export function isUpgrade(request: UpgradedRequest): boolean {
  return request[UPGRADED] === true;
}

/**
 * Headers with one value that decide how a request is answered. Node takes the first of several, and a proxy in front may have
 * taken the last. Node's parser refuses a second `Content-Length` itself.
 */
const SINGLE_VALUED: ReadonlySet<string> = new Set(['authorization', 'content-type', 'host', 'origin']);

const REPEATED = { status: 400, code: 'BAD_REQUEST' } as const;

function refusalOfRepeats({ headers, rawHeaders }: IncomingMessage): Refusal | undefined {
  // Node makes one member of repeats, so there are none when all lines have a member.
  let members = 0;
  // This takes half the time of `Object.keys`, and the object is Node's own.
  for (const _ in headers) members += 1;
  if (2 * members === rawHeaders.length) return undefined;
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (seen.has(name)) return { ...REPEATED, message: `The request has more than one ${name} header` };
    if (SINGLE_VALUED.has(name)) seen.add(name);
  }
  return undefined;
}
