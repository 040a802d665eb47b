import type { IncomingHttpHeaders } from 'node:http';

/** The media types of a response that is complete. */
export type JsonType = 'application/json' | 'application/graphql-response+json';

/** The media types of a response that has an event for each result. */
export type StreamType = 'text/event-stream' | 'multipart/mixed';

/** In what a client takes its response. */
export interface Accepted {
  /** `undefined`: it takes no JSON. */
  readonly json: JsonType | undefined;
  /** `undefined`: it takes no stream. */
  readonly stream: StreamType | undefined;
}

/** One range of an `Accept` header. */
interface Range {
  /** In lower case, such as `text/*`. */
  readonly type: string;
  readonly parameters: string;
  /** 0 to 1. */
  readonly quality: number;
}

/** With the same quality the one that the header names first is preferred, and then the first of this list. */
const JSON_TYPES: readonly JsonType[] = ['application/json', 'application/graphql-response+json'];

/** What nearly all clients send, or nothing. */
const USUAL: Accepted = { json: 'application/json', stream: undefined };

/**
 * Reads what a client accepts. A stream has to be named, as clients that accept anything expect a complete response.
 * `multipart/mixed` counts with `subscriptionSpec=1.0` alone, as it means other things without.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function acceptedBy({ accept }: IncomingHttpHeaders): Accepted {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return USUAL;
  const ranges = rangesOf(accept);
  if (ranges.length === 0) return USUAL;
  const streams = ranges.filter(isStream).toSorted((a, b) => b.quality - a.quality);
  // oxlint-disable-next-line no-unsafe-type-assertion -- the filter leaves only these
  return { json: preferred(JSON_TYPES, ranges), stream: streams[0]?.type as StreamType | undefined };
}

/** Whether a client would rather see a page than JSON, as a person with a browser does. */
export function prefersPage({ accept = '' }: IncomingHttpHeaders): boolean {
  if (!accept.includes('text/html')) return false;
  return preferred(['text/html', ...JSON_TYPES], rangesOf(accept)) === 'text/html';
}

function rangesOf(accept: string): Range[] {
  return accept.split(',').flatMap((text) => {
    const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
    if (type === '') return [];
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = Number(weight ?? '1');
    return [{ type, parameters: parameters.join(';'), quality: Number.isNaN(quality) ? 1 : quality }];
  });
}

function isStream({ type, parameters, quality }: Range): boolean {
  if (quality === 0) return false;
  if (type === 'text/event-stream') return true;
  return type === 'multipart/mixed' && /(?:^|;)subscriptionspec="?1\.0"?(?:;|$)/.test(parameters);
}

/** The type with the highest quality, if it is not 0. */
function preferred<T extends string>(types: readonly T[], ranges: readonly Range[]): T | undefined {
  let best: { readonly type: T; readonly quality: number; readonly place: number } | undefined;
  for (const type of types) {
    const place = placeOf(type, ranges);
    const quality = ranges[place]?.quality ?? 0;
    if (quality === 0) continue;
    const isBetter =
      best === undefined || quality > best.quality || (quality === best.quality && place < best.place);
    if (isBetter) best = { type, quality, place };
  }
  return best?.type;
}

/** The place of the range that says most of a type. -1: none says anything. */
function placeOf(type: string, ranges: readonly Range[]): number {
  for (const range of [type, type.replace(/\/.*/, '/*'), '*/*']) {
    const place = ranges.findIndex((candidate) => candidate.type === range);
    if (place !== -1) return place;
  }
  return -1;
}
