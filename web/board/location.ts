import { useSyncExternalStore, type MouseEvent } from 'react';

/** The state in the address: `/board?job=…&status=…`. */
export interface Place {
  readonly job?: string | undefined;
  readonly status?: string | undefined;
}

/** The current place. The browser's back and forward buttons change it. */
export function usePlace(): Place {
  const params = new URLSearchParams(useSyncExternalStore(listen, () => location.search));
  return { job: params.get('job') ?? undefined, status: params.get('status') ?? undefined };
}

/** Goes to a place without reloading the page. */
export function go(place: Place): void {
  history.pushState(null, '', hrefOf(place));
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

function hrefOf({ job, status }: Place): string {
  const params = new URLSearchParams({ ...(status && { status }), ...(job && { job }) });
  // It can end in a slash, and the links of the page are relative to it.
  return params.size === 0 ? location.pathname : `${location.pathname}?${params}`;
}

function listen(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}
