import { useSyncExternalStore } from 'react';

/** Where the tab keeps the token. Other tabs do not see it, and it goes with the tab. */
const KEY = 'token';

/** Whether the page has to ask for a token. */
export interface Demand {
  /** Why the last token is not accepted. `undefined`: there was none. */
  readonly reason: string | undefined;
}

let token = sessionStorage.getItem(KEY) ?? undefined;
let demand: Demand | undefined;
const listeners = new Set<() => void>();

/** Goes with each request as headers, and with each connect of the socket as its payload. It is empty without a token. */
export function authorization(): { readonly authorization?: string } {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Has the page ask for a token. */
export function demandToken(reason?: string): void {
  demand ??= { reason: token === undefined ? undefined : reason };
  tell();
}

/** Keeps a token. What the page has read by another one has to be forgotten before. */
export function keepToken(text: string): void {
  token = text;
  demand = undefined;
  sessionStorage.setItem(KEY, text);
  tell();
}

/** Forgets the token, and has the page ask for another one. */
export function forgetToken(): void {
  token = undefined;
  sessionStorage.removeItem(KEY);
  demandToken();
}

/** What the page has to ask for. `undefined`: nothing. */
export function useDemand(): Demand | undefined {
  return useSyncExternalStore(listen, () => demand);
}

/** Whether the page has a token. */
export function useHasToken(): boolean {
  return useSyncExternalStore(listen, () => token !== undefined);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}
