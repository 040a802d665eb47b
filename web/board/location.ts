import { useMemo, useSyncExternalStore, type MouseEvent } from 'react';
import type { PackageJobStatus } from './gql/graphql.ts';

export const STATUSES = ['INIT', 'SUCCESS', 'FAIL'] as const satisfies readonly PackageJobStatus[];
export const RANGES = ['1h', '24h', '7d'] as const;

/** What the page shows. All of it is in the address, so that a link is a view: `/board?status=FAIL&range=24h&job=…`. */
export interface Place {
  /** `undefined`: the list. */
  readonly view?: 'overview' | undefined;
  /** The id of the open job. */
  readonly job?: string | undefined;
  /** `undefined`: all. ICE cannot list jobs by `UNKNOWN`. */
  readonly status?: (typeof STATUSES)[number] | undefined;
  /** Jobs that were created in the last hour, day or week. It goes before `from` and `to`. */
  readonly range?: (typeof RANGES)[number] | undefined;
  /** The earliest and latest creation, as RFC 3339 text in UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** `undefined`: newest first. */
  readonly order?: 'oldest' | undefined;
  /** What loaded jobs are searched for. */
  readonly find?: string | undefined;
}

/** The current place. The browser's back and forward buttons change it. */
export function usePlace(): Place {
  const search = useSyncExternalStore(listen, () => location.search);
  return useMemo(() => readPlace(search), [search]);
}

/** Reads the query part of an address. What it does not know is left out. */
export function readPlace(search: string): Place {
  const params = new URLSearchParams(search);
  const oneOf = <T extends string>(name: string, choices: readonly T[]) =>
    choices.find((choice) => choice === params.get(name));
  return {
    view: oneOf('view', ['overview']),
    job: params.get('job') || undefined,
    status: oneOf('status', STATUSES),
    range: oneOf('range', RANGES),
    from: readTime(params.get('from')),
    to: readTime(params.get('to')),
    order: oneOf('order', ['oldest']),
    find: params.get('find') || undefined,
  };
}

/** Tells lists apart: whatever else differs, two places with the same text show the same list. */
export function listOf({ status, range, from, to, order }: Place): string {
  return JSON.stringify([status, range, from, to, order]);
}

/** Goes to a place without reloading the page. What is remembered of a list stays with it. */
export function go(place: Place): void {
  const isSameList = listOf(place) === listOf(readPlace(location.search));
  history.pushState(isSameList ? history.state : null, '', hrefOf(place));
  dispatchEvent(new PopStateEvent('popstate'));
}

/** Changes the place without an entry for the back button, as for each letter that is typed. */
export function change(place: Place): void {
  history.replaceState(history.state, '', hrefOf(place));
  dispatchEvent(new PopStateEvent('popstate'));
}

/** The properties of a link to a place. A click goes there without a reload. New tabs and copied addresses work too. */
export function linkTo(place: Place) {
  return {
    href: hrefOf(place),
    onClick(event: MouseEvent) {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      go(place);
    },
  };
}

function hrefOf({ view, job, status, range, from, to, order, find }: Place): string {
  const entries = Object.entries({ view, status, range, from, to, order, find, job });
  const params = new URLSearchParams(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));
  // It can end in a slash, and the links of the page are relative to it.
  return params.size === 0 ? location.pathname : `${location.pathname}?${params}`;
}

function readTime(text: string | null): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function listen(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}
