import { createClient } from 'graphql-ws';
import { useSyncExternalStore } from 'react';
import { SOCKET_URL } from '../root.ts';

/** The connection of all subscriptions: not needed, open, or reconnecting. */
export type Connection = 'idle' | 'live' | 'lost';

/** Connects for the first subscription, disconnects after the last, and reconnects by itself after every failure. */
export const socket = createClient({
  url: SOCKET_URL,
  keepAlive: 10_000,
  retryAttempts: Infinity,
  // Random over one second, so clients do not reconnect all at once after a restart of the gateway.
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000)),
});

let connection: Connection = 'idle';
const listeners = new Set<() => void>();

socket.on('connected', () => setConnection('live'));
socket.on('closed', (event) =>
  setConnection(event instanceof CloseEvent && event.code === 1000 ? 'idle' : 'lost'),
);

/** The state of the connection. */
export function useConnection(): Connection {
  return useSyncExternalStore(listen, () => connection);
}

/** Calls back after each reconnect. Data that comes from queries may be outdated then. */
export function onReconnected(callback: () => void): () => void {
  return socket.on('connected', (_socket, _payload, wasRetry) => {
    if (wasRetry) callback();
  });
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setConnection(next: Connection): void {
  connection = next;
  for (const listener of listeners) listener();
}
