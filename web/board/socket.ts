import { createClient } from 'graphql-ws';
import { useSyncExternalStore } from 'react';

/** Where subscriptions stand: none wanted, under way, or waiting for the gateway to come back. */
export type Connection = 'idle' | 'live' | 'lost';

/** Opens with the first subscription, closes with the last, and comes back by itself, whatever happens in between. */
export const socket = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  keepAlive: 10_000,
  retryAttempts: Infinity,
  // Spread over a second, so that a gateway that comes back does not meet everyone at once.
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000)),
});

let connection: Connection = 'idle';
const listeners = new Set<() => void>();

socket.on('connected', () => become('live'));
socket.on('closed', (event) => become(event instanceof CloseEvent && event.code === 1000 ? 'idle' : 'lost'));

/** The state of the connection. */
export function useConnection(): Connection {
  return useSyncExternalStore(listen, () => connection);
}

/** Calls back each time the connection was lost and is there again: what is no subscription may be out of date. */
export function onReconnected(callback: () => void): () => void {
  return socket.on('connected', (_socket, _payload, wasRetry) => {
    if (wasRetry) callback();
  });
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Connection): void {
  connection = next;
  for (const listener of listeners) listener();
}
