import type { IncomingHttpHeaders } from 'node:http';
import etag from 'etag';
import fresh from 'fresh';
import type { Known } from '../jobs/freshness.ts';
import { isFinished } from '../jobs/model.ts';
import type { JobStore } from '../jobs/store.ts';
import type { JobWatcher } from '../jobs/watcher.ts';
import type { AnswerNature } from './context.ts';

/** What an answer to one URL can depend on, besides the jobs. */
export const VARY = 'Accept, Accept-Encoding, Authorization, Cookie, Prefer, X-Upstream-Receipt';

/** How long states last. */
export interface Lifetimes {
  readonly store: Pick<JobStore, 'freshForMs'>;
  readonly watcher: Pick<JobWatcher, 'pollAfterMs'>;
}

/** What an answer was made of. */
export interface Sources {
  readonly shown: ReadonlyMap<string, Known>;
  readonly nature: AnswerNature;
}

/**
 * `Cache-Control` of an answer without errors: `max-age` is how long the shortest-lived state in it is worth keeping. A
 * finished job is for as long as the gateway remembers it, an unfinished one until it is worth asking again. What can be
 * outdated at any time has to be revalidated, and what was made for one request is not stored.
 *
 * @param isPersonal whether the request carried credentials, so that no shared cache may store the answer
 */
export function cacheControl({ shown, nature }: Sources, lifetimes: Lifetimes, isPersonal: boolean): string {
  if (nature.isForOne) return 'no-store';
  const seconds =
    nature.isOpenEnded || shown.size === 0 ? 0 : Math.floor(lifetimeMs(shown, lifetimes) / 1000);
  const rule = seconds > 0 ? `max-age=${String(seconds)}` : 'no-cache';
  return isPersonal ? `private, ${rule}` : rule;
}

function lifetimeMs(shown: Sources['shown'], { store, watcher }: Lifetimes): number {
  let ms = Infinity;
  for (const known of shown.values()) {
    const isUnfinished = known.job !== null && !isFinished(known.job);
    const lasts = isUnfinished ? watcher.pollAfterMs(known.job) : store.freshForMs(known);
    ms = Math.min(ms, lasts ?? 0);
  }
  return ms;
}

/** Whether the answers to a request with these headers are for its caller alone. */
export function isPersonal({ authorization, cookie }: IncomingHttpHeaders): boolean {
  return authorization !== undefined || cookie !== undefined;
}

/** The entity tag of a body: weak, as it is the same for every encoding of it. */
export function entityTag(body: string): string {
  return etag(body, { weak: true });
}

/** Whether the client has this body already, as its `If-None-Match` says. */
export function isUnmodified(headers: IncomingHttpHeaders, tag: string): boolean {
  const known = headers['if-none-match'];
  if (known === undefined) return false;
  // As nearly all clients ask.
  if (known === tag && headers['cache-control'] === undefined) return true;
  return fresh(headers, { etag: tag });
}
