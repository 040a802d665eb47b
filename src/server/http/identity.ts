import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { KeysUnavailableError, RateLimitedError, TokenError } from '../auth/errors.ts';
import { EXPIRED, type Tokens } from '../auth/tokens.ts';
import type { Client, Principal } from '../client.ts';
import { isGraphql, isUpgrade, type RequestCheck } from './checks.ts';
import type { ClientOf } from './client.ts';
import type { Refusal } from './refusal.ts';

/** Says who sends requests, by their tokens. */
export interface Identity {
  /**
   * Reads the token of a request. It has to be done before anyone asks who sent it.
   *
   * @returns what resolves when that is done. `undefined`: it is
   */
  readonly read: (request: IncomingMessage) => Promise<void> | undefined;
  /** The client of a request: whom its token is for, or else its address. */
  readonly clientOf: ClientOf;
  /** Refuses requests for `/graphql` without a token that is accepted. A WebSocket can bring its token later. */
  readonly check: RequestCheck;
  /**
   * The client of a WebSocket, by its `Authorization` header and the member `authorization` of its first message.
   *
   * @returns a refusal when it has no token that is accepted, or two
   */
  clientOfSocket(byAddress: Client, header: string | undefined, sent: unknown): Promise<Client | Refusal>;
}

/** What a request came to: whom its token is for, or why it is refused. */
type Verdict = { readonly principal: Principal } | { readonly refusal: Refusal };

const VERDICT = Symbol('verdict');
const LAST = Symbol('last token');

interface ReadRequest extends IncomingMessage {
  [VERDICT]?: Verdict;
}

/** A client sends the same token again on its connection. */
interface TokenSocket extends Socket {
  [LAST]?: { readonly header: string; readonly principal: Principal };
}

export function createIdentity(
  tokens: Tokens,
  addressOf: ClientOf,
  onError: (error: unknown) => void,
): Identity {
  const verdictOn = createVerdictOn(tokens, onError);

  function read(request: ReadRequest): Promise<void> | undefined {
    const header = request.headers.authorization;
    if (header === undefined) {
      request[VERDICT] = { refusal: NO_TOKEN };
      return undefined;
    }
    const socket: TokenSocket = request.socket;
    const last = socket[LAST];
    if (last?.header === header && tokens.isCurrent(last.principal)) {
      request[VERDICT] = last;
      return undefined;
    }
    const keep = (verdict: Verdict) => {
      request[VERDICT] = verdict;
      if ('principal' in verdict) socket[LAST] = { header, principal: verdict.principal };
    };
    const verdict = verdictOn(header, addressOf(request));
    if (verdict instanceof Promise) return verdict.then(keep);
    keep(verdict);
    return undefined;
  }

  return {
    read,
    clientOf(request: ReadRequest) {
      const verdict = request[VERDICT];
      const client = addressOf(request);
      return verdict !== undefined && 'principal' in verdict ? clientFor(verdict.principal, client) : client;
    },
    check(request: ReadRequest) {
      if (!isGraphql(request) || request.method === 'OPTIONS' || isUpgrade(request)) return undefined;
      const verdict = request[VERDICT] ?? { refusal: NO_TOKEN };
      return 'refusal' in verdict ? verdict.refusal : undefined;
    },
    async clientOfSocket(byAddress, header, sent) {
      const given = sent ?? header;
      if (typeof given !== 'string') return NO_TOKEN;
      if (header !== undefined && header !== given) return TWO_TOKENS;
      const verdict = await verdictOn(given, byAddress);
      return 'refusal' in verdict ? verdict.refusal : clientFor(verdict.principal, byAddress);
    },
  };
}

/** Decides on the `Authorization` of a client: at once when its token was verified before, or is none. */
function createVerdictOn(tokens: Tokens, onError: (error: unknown) => void) {
  const refuse = (error: unknown) => ({ refusal: refusalFor(error, onError) });
  return (header: string, { key }: Client): Verdict | Promise<Verdict> => {
    const token = /^bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1];
    if (token === undefined) return { refusal: NO_TOKEN };
    try {
      const found = tokens.principalOf(token, key);
      if (!(found instanceof Promise)) return { principal: found };
      return found.then((principal) => ({ principal }), refuse);
    } catch (error) {
      return refuse(error);
    }
  };
}

const CLIENTS = new WeakMap<Principal, Client>();

/** One object for each principal that has a key, as it is made for each request otherwise. */
function clientFor(principal: Principal, { key: address }: Client): Client {
  if (principal.key === undefined) return { key: address, principal };
  let client = CLIENTS.get(principal);
  if (client === undefined) {
    client = { key: principal.key, principal };
    CLIENTS.set(principal, client);
  }
  return client;
}

const AGAIN = { 'retry-after': '1' };

function refusalFor(error: unknown, onError: (error: unknown) => void): Refusal {
  if (error instanceof TokenError) return unauthenticated(error.message, 'invalid_token');
  if (error instanceof KeysUnavailableError)
    return { status: 503, code: 'AUTH_UNAVAILABLE', message: error.message, headers: AGAIN };
  if (error instanceof RateLimitedError) {
    const { policy, message } = error;
    return { status: 429, code: 'RATE_LIMITED', policy, message, headers: AGAIN };
  }
  onError(error);
  return { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' };
}

/**
 * The refusal of a token, or of a request without one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
function unauthenticated(message: string, error?: string): Refusal {
  const reason = error === undefined ? '' : `, error="${error}", error_description="${message}"`;
  return {
    status: 401,
    code: 'UNAUTHENTICATED',
    message,
    headers: { 'www-authenticate': `Bearer realm="package-job-gateway"${reason}` },
  };
}

const NO_TOKEN = unauthenticated('The request needs a token: send `Authorization: Bearer <token>`');

const TWO_TOKENS = unauthenticated(
  'The WebSocket has two tokens: its header and its first message differ',
  'invalid_request',
);

/** The refusal of a stream whose token has ended. */
export const TOKEN_ENDED: Refusal = unauthenticated(EXPIRED, 'invalid_token');
