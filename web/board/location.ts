import { useSyncExternalStore, type MouseEvent } from 'react';

/** What the address names: `/board?job=…&status=…`. */
export interface Place {
  readonly job?: string | undefined;
  readonly status?: string | undefined;
}

/** The place the visitor is at; back and forward change it. */
export function usePlace(): Place {
  const params = new URLSearchParams(useSyncExternalStore(listen, () => location.search));
  return { job: params.get('job') ?? undefined, status: params.get('status') ?? undefined };
}

/** Goes to a place without loading the page anew. */
export function go(place: Place): void {
  history.pushState(null, '', hrefOf(place));
  dispatchEvent(new PopStateEvent('popstate'));
}

/** The properties of a link to a place: a click goes there, and a new tab or a copied address works too. */
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
  return params.size === 0 ? '/board' : `/board?${params}`;
}

function listen(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}
