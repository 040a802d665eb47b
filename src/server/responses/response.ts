import type { IncomingHttpHeaders } from 'node:http';
import type { JobEntry } from '../../jobs/jobs.ts';
import { retryAfterSeconds } from '../errors/retry-after.ts';
import type { OperationRecord } from '../graphql/record.ts';
import { cacheControl, entityTag, isPersonal, isUnmodified, type Lifetimes } from './cache-control.ts';
import { CompressedBodies } from './compressed-bodies.ts';
import { compress, encodingFor, type Encoding } from './compression.ts';

/** A body, as text or as the bytes that are sent. */
export type Body = string | Buffer;

/** A body in all its representations. */
export interface Content {
  readonly body: Body;
  /** Only a response to `GET` has one. */
  readonly etag: string | undefined;
  readonly compressed: CompressedBodies;
}

/** A complete response without errors. */
export interface CompleteResponse extends Content {
  /** `cache-control`, and where they apply `etag` and `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The states that it shows. It can be served again while these are the latest and fresh. `undefined`: never again. */
  readonly dependencies: ReadonlyMap<string, JobEntry> | undefined;
}

/** A response that a route sent, and what it was made of. */
export interface SentResponse {
  readonly response: CompleteResponse;
  readonly record: OperationRecord;
  /** All its headers. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What the representation of a response depends on. */
export interface RepresentationRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export function createResponse(
  body: string,
  record: OperationRecord,
  { method, headers }: RepresentationRequest,
  lifetimes: Lifetimes,
): CompleteResponse {
  const noStore = record.cacheability.noStore || headers['x-upstream-receipt'] === '1';
  const control = noStore ? 'no-store' : cacheControl(record, lifetimes, isPersonal(headers));
  // A later request cannot ask about the representation of a POST.
  const etag = noStore || method === 'POST' ? undefined : entityTag(body);
  const seconds = retryAfterSeconds(undefined, record.pollAfterMs);
  const { mustRevalidate, timeDependent } = record.cacheability;
  return {
    body,
    headers: {
      'cache-control': control,
      ...(etag !== undefined && { etag }),
      ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    },
    etag,
    compressed: new CompressedBodies(),
    dependencies: noStore || mustRevalidate || timeDependent ? undefined : record.dependencies,
  };
}

/** The content of a response that is for one client, once. */
export function withoutCaching(body: string): Content {
  return { body, etag: undefined, compressed: new CompressedBodies() };
}

/** What is sent to one client. */
export interface Representation {
  readonly encoding: Encoding | undefined;
  /** `undefined`: the client has it, so the status is 304. */
  readonly body: Body | undefined;
}

/** Chooses what is sent to a client. It does so at once, unless the body has to be compressed first. */
export function represent(
  { body, etag, compressed }: Content,
  { headers }: RepresentationRequest,
): Representation | Promise<Representation> {
  if (etag !== undefined && isUnmodified(headers, etag)) return { encoding: undefined, body: undefined };
  const encoding = encodingFor(body, headers['accept-encoding']);
  if (encoding === undefined) return { encoding, body };
  const ready = compressed[encoding];
  if (ready !== undefined) return { encoding, body: ready };
  return compress(body, encoding).then((body) => {
    compressed.add(encoding, body);
    return { encoding, body };
  });
}
