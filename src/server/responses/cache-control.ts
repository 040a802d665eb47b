import type { IncomingHttpHeaders } from 'node:http';
import etag from 'etag';
import fresh from 'fresh';
import type { JobEntry, Jobs } from '../../jobs/jobs.ts';
import type { Client } from '../client.ts';
import type { Cacheability } from '../graphql/record.ts';

/** The request headers that a response to one URL can depend on. */
export const VARY = 'Accept, Accept-Encoding, Authorization, Cookie, Prefer, X-Upstream-Receipt';

/** How long states last. */
export type Lifetimes = Pick<Jobs, 'lifetimeMs'>;

/** What a response was made of. */
export interface Sources {
  readonly dependencies: ReadonlyMap<string, JobEntry>;
  readonly cacheability: Cacheability;
}

/**
 * `Cache-Control` of a response without errors. `max-age` is how long the shortest-lived state in it is worth keeping: a
 * finished job for as long as the gateway remembers it, an unfinished job until it is worth reading again. A response that
 * can be outdated at any time has to be revalidated. A response that was made for one request is not stored.
 *
 * @param isPersonal whether the request carried credentials, so that no shared cache may store the response
 */
export function cacheControl(
  { dependencies, cacheability }: Sources,
  lifetimes: Lifetimes,
  isPersonal: boolean,
): string {
  if (cacheability.noStore) return 'no-store';
  const isLasting = !cacheability.mustRevalidate && dependencies.size > 0;
  const seconds = isLasting ? Math.floor(lifetimeMs(dependencies, lifetimes) / 1000) : 0;
  const rule = seconds > 0 ? `max-age=${String(seconds)}` : 'no-cache';
  return isPersonal ? `private, ${rule}` : rule;
}

/**
 * `Cache-Control` of a response, for a client whose token ends. A cache must not give the response to a bearer whose token has
 * expired.
 *
 * @param ageS how old the response is by then, in seconds
 */
export function notPastToken(control: string, { principal }: Client, ageS = 0): string {
  if (principal === undefined) return control;
  const leftS = Math.floor((principal.expiresAt - Date.now()) / 1000);
  if (last.control !== control || last.leftS !== leftS || last.ageS !== ageS)
    last = { control, leftS, ageS, text: shortened(control, leftS, ageS) };
  return last.text;
}

/** The last result. Requests that repeat mostly ask for the same one within a second. */
let last = { control: '', leftS: 0, ageS: 0, text: '' };

function shortened(control: string, leftS: number, ageS: number): string {
  return control.replace(/max-age=(\d+)/, (rule, seconds: string) => {
    if (Number(seconds) <= ageS + leftS) return rule;
    return leftS > 0 ? `max-age=${String(ageS + leftS)}` : 'no-cache';
  });
}

/** How long the shortest-lived of these states is worth keeping, in milliseconds. */
function lifetimeMs(dependencies: Sources['dependencies'], jobs: Lifetimes): number {
  let ms = Infinity;
  for (const entry of dependencies.values()) ms = Math.min(ms, jobs.lifetimeMs(entry));
  return ms;
}

/** Whether the response to a request with these headers is for its client alone. */
export function isPersonal({ authorization, cookie }: IncomingHttpHeaders): boolean {
  return authorization !== undefined || cookie !== undefined;
}

/** The entity tag of a body. It is weak, as it is the same for every encoding of the body. */
export function entityTag(body: string): string {
  return etag(body, { weak: true });
}

/** Whether the client has this body already, as its `If-None-Match` says. */
export function isUnmodified(headers: IncomingHttpHeaders, tag: string): boolean {
  const known = headers['if-none-match'];
  if (known === undefined) return false;
  // Nearly all clients ask like this.
  if (known === tag && headers['cache-control'] === undefined) return true;
  return fresh(headers, { etag: tag });
}
