import { useSyncExternalStore } from 'react';
import { socket } from './client.ts';

const TEXTS = { idle: '', live: 'Live', lost: 'Reconnecting …' } as const;

/** Whether the page receives changes live. */
export function useConnection() {
  return useSyncExternalStore(socket.onConnection, socket.connection);
}

/** Shows whether the page receives changes live. */
export function Connection() {
  const connection = useConnection();
  return (
    <output className="connection" data-connection={connection}>
      {TEXTS[connection]}
    </output>
  );
}
