import type { IncomingHttpHeaders } from 'node:http';
import type { Known } from '../jobs/freshness.ts';
import { cacheControl, entityTag, isPersonal, isUnmodified, type Lifetimes } from './caching.ts';
import { compress, encodingFor, type Encoding } from './compression.ts';
import type { OperationRecord } from './context.ts';
import { retryAfterSeconds } from './errors.ts';

/** A body, as text or in the bytes that are sent. */
export type Body = string | Buffer;

/** What an answer says, in all the forms that it is sent in. */
export interface Content {
  readonly body: Body;
  /** Only what is asked for by `GET` has one. */
  readonly etag: string | undefined;
  /** The body as it was sent to those who take it compressed. */
  readonly compressed: Map<Encoding, Buffer>;
}

/** A whole answer without errors, and what is told with it. */
export interface Answer extends Content {
  /** `cache-control`, and where there is reason for it `etag` and `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The states it shows, when it can be given again as long as these are the latest and fresh. */
  readonly shown: ReadonlyMap<string, Known> | undefined;
}

/** A request for an answer, as far as that is sent differently. */
export interface AnswerRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export function createAnswer(
  body: string,
  record: OperationRecord,
  { method, headers }: AnswerRequest,
  lifetimes: Lifetimes,
): Answer {
  const isForOne = record.nature.isForOne || headers['x-upstream-receipt'] === '1';
  const control = isForOne ? 'no-store' : cacheControl(record, lifetimes, isPersonal(headers));
  // A POST selects no representation that a later request could ask about.
  const etag = isForOne || method === 'POST' ? undefined : entityTag(body);
  const seconds = retryAfterSeconds(undefined, record.pollAfterMs);
  const { isOpenEnded, isTimed } = record.nature;
  return {
    body,
    headers: {
      'cache-control': control,
      ...(etag !== undefined && { etag }),
      ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    },
    etag,
    compressed: new Map(),
    shown: isForOne || isOpenEnded || isTimed ? undefined : record.shown,
  };
}

/** What is sent of an answer to one request. */
export interface Representation {
  readonly encoding: Encoding | undefined;
  /** `undefined`: the client has it, so that the status is 304. */
  readonly body: Body | undefined;
}

/** Chooses what is sent to a client, at once unless it has to be compressed first. */
export function represent(
  { body, etag, compressed }: Content,
  { headers }: AnswerRequest,
): Representation | Promise<Representation> {
  if (etag !== undefined && isUnmodified(headers, etag)) return { encoding: undefined, body: undefined };
  const encoding = encodingFor(body, headers['accept-encoding']);
  if (encoding === undefined) return { encoding, body };
  const ready = compressed.get(encoding);
  if (ready !== undefined) return { encoding, body: ready };
  return compress(body, encoding).then((body) => {
    compressed.set(encoding, body);
    return { encoding, body };
  });
}
