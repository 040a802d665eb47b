import { useEffect, useSyncExternalStore } from 'react';
import { socket } from './client.ts';
import { tell } from './news.ts';

const TEXTS = { idle: '', live: 'Live', lost: 'Reconnecting …' } as const;

/** Whether the page receives changes live. */
export function useConnection() {
  return useSyncExternalStore(socket.onConnection, socket.connection);
}

/** Shows whether the page receives changes live. */
export function Connection() {
  const connection = useConnection();
  useEffect(() => {
    if (connection === 'lost') tell('Changes do not come at present');
  }, [connection]);
  return (
    <span className="connection" data-connection={connection}>
      {TEXTS[connection]}
    </span>
  );
}
