import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { BOUNDS } from '../../bounds.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { ownText, textBytes } from '../../jobs/text.ts';
import type { Client } from '../client.ts';
import type { ServerEmitter } from '../events.ts';
import type { OperationRecord } from '../graphql/record.ts';
import { serverTimingOfHits } from '../graphql/receipt.ts';
import type { Admission, Admissions } from '../http/admission.ts';
import {
  createResponse,
  represent,
  type CompleteResponse,
  type Representation,
  type SentResponse,
} from '../responses/response.ts';
import { notPastToken } from '../responses/cache-control.ts';
import { rateHeaders, RATE_HEADERS, withoutFigures } from '../rate-limit/headers.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { readOperation } from './named-operation.ts';
import type { PreparedJobs, PreparedOperations } from './prepared-operations.ts';
import { lookUp, type RequestKey } from './request-key.ts';
import type { StoredResponse, StoredResponses } from './stored-responses.ts';

/** What cached response headers take besides their texts, in bytes, as measured on 64 bits. */
const HEAD_BYTES = 600;

/** About how many requests are remembered to have come once. */
const MAX_SEEN = 16_384;

/** The part of the door to jobs that the response cache uses. */
export type CachedJobs = Pick<Jobs, 'revalidate' | 'lifetimeMs'> & PreparedJobs;

export interface ResponseCacheOptions {
  readonly admissions: Admissions;
  readonly stored: StoredResponses;
  /** `undefined`: only stored responses are served. */
  readonly prepared: PreparedOperations | undefined;
  readonly jobsFor: (client: Client) => CachedJobs;
  /** The largest body of a request that is looked up, in bytes. */
  readonly maxBodyBytes: number;
  readonly now: () => number;
  /** Nothing is served to requests that come after it aborts. */
  readonly stopping: AbortSignal;
  readonly events: ServerEmitter;
}

/** Answers requests that repeat, ahead of the router and of Apollo Server. Every other request goes on as it came. */
export interface ResponseCache {
  /** Puts the cache ahead of a listener. */
  ahead(next: RequestListener): RequestListener;
  /** Stores a response without errors that a route sent, and prepares its operation. */
  store(request: IncomingMessage, sent: SentResponse): void;
}

/** Headers of one response, which another response does not share. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'cache-control',
  'connection',
  'etag',
  ...RATE_HEADERS,
  'retry-after',
  'server-timing',
  'x-request-id',
]);

// oxlint-disable-next-line max-lines-per-function -- its short functions share the stores
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { admissions, stored, prepared, jobsFor, maxBodyBytes, now, stopping, events } = options;
  const keys = new WeakMap<IncomingMessage, RequestKey>();
  /** The headers that all responses to requests with these selecting headers share, names and values in turn. */
  const heads = new LRUCache<string, readonly string[]>({
    maxSize: BOUNDS.responseHeads.max,
    sizeCalculation: (head, { length }) => HEAD_BYTES + length + textBytes(head.join('')),
  });
  /** A response of a prepared operation is stored at its second request, as most are asked for once. */
  const seen = new Doorkeeper(MAX_SEEN);

  function withHead(
    response: CompleteResponse,
    { dependencies, operationName }: OperationRecord,
    head: readonly string[],
  ): StoredResponse {
    const { body, etag, compressed, headers } = response;
    const whole = [...head, 'server-timing', serverTimingOfHits(dependencies.size)];
    for (const [name, value] of Object.entries(headers)) whole.push(name, value);
    return { body, etag, compressed, head: whole, storedAt: now(), operationName };
  }

  function prepare(key: RequestKey, request: IncomingMessage, jobs: CachedJobs): StoredResponse | undefined {
    const head = prepared && heads.get(key.head);
    const operation = head && readOperation(key);
    const result = operation && prepared.execute(operation, jobs);
    if (!result) return undefined;
    const response = createResponse(result.text, result.record, request, jobs);
    const ready = withHead(response, result.record, head);
    if (seen.knows(key.checksum)) stored.set(key, ready, response.dependencies);
    return ready;
  }

  function answer(
    key: RequestKey,
    request: IncomingMessage,
    response: ServerResponse,
    admission: Admission,
  ): boolean {
    const jobs = jobsFor(admission.client);
    const hit = stored.get(key, jobs);
    const found = hit ?? prepare(key, request, jobs);
    if (found === undefined) return false;
    admission.source = hit === undefined ? 'prepared' : 'stored';
    const cached = { operationName: found.operationName, bytes: 0 };
    admission.cached = cached;
    const send = (representation: Representation) => {
      const ageS = Math.floor((now() - found.storedAt) / 1000);
      // Otherwise the client would keep an idle connection open, and closing would wait for it.
      if (stopping.aborted) response.shouldKeepAlive = false;
      cached.bytes = write(response, found, representation, admission, ageS);
    };
    const representation = represent(found, request);
    if (!(representation instanceof Promise)) send(representation);
    else {
      representation.then(send).catch((error: unknown) => {
        events.emit('unexpectedError', error, 'response cache', admission.requestId);
        response.destroy();
      });
    }
    return true;
  }

  function tryToAnswer(
    key: RequestKey,
    request: IncomingMessage,
    response: ServerResponse,
    admission: Admission,
  ): boolean {
    try {
      if (answer(key, request, response, admission)) return true;
    } catch (error) {
      events.emit('unexpectedError', error, 'response cache', admission.requestId);
    }
    keys.set(request, key);
    return false;
  }

  return {
    ahead: (next) => (request, response) => {
      const admission = admissions.start(request, response);
      if (admission.refusal !== undefined || stopping.aborted) return next(request, response);
      return lookUp(
        request,
        maxBodyBytes,
        admission.client.principal?.view.key,
        (key) => tryToAnswer(key, request, response, admission),
        () => next(request, response),
      );
    },
    store(request, { response, record, headers }) {
      const key = keys.get(request);
      if (key === undefined) return;
      const head = Object.entries(headers).flatMap(([name, value]) =>
        OWN_HEADERS.has(name) ? [] : [name, String(value)],
      );
      heads.set(ownText(key.head), head);
      stored.set(key, withHead(response, record, head), response.dependencies);
      const operation = record.operation && readOperation(key);
      if (operation && record.operation) prepared?.prepare(operation, record.operation);
    },
  };
}

/** @returns the length of the body, in bytes */
function write(
  response: ServerResponse,
  { head }: StoredResponse,
  { body, encoding }: Representation,
  { requestId, client, charge }: Admission,
  ageS: number,
): number {
  const headers = [...head, 'x-request-id', requestId];
  if (client.principal !== undefined) {
    const control = headers.indexOf('cache-control') + 1;
    headers[control] = notPastToken(headers[control] ?? '', client, ageS);
  }
  if (charge !== undefined) {
    const control = headers.indexOf('cache-control') + 1;
    headers[control] = withoutFigures(headers[control] ?? '');
    headers.push(...rateHeaders(charge));
  }
  if (ageS > 0) headers.push('age', String(ageS));
  if (encoding !== undefined) headers.push('content-encoding', encoding);
  if (body === undefined) {
    response.writeHead(304, headers).end();
    return 0;
  }
  const bytes = Buffer.byteLength(body);
  headers.push('content-length', String(bytes));
  // The text is ASCII then. Node need not look at each character, nor take room for three bytes of each.
  const coding = body.length === bytes ? 'latin1' : 'utf8';
  response.writeHead(200, headers).end(body, coding);
  return bytes;
}
