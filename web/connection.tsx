import { useSyncExternalStore } from 'react';
import { isReconnecting, onConnection } from './fetcher.ts';

/** Says that the result of a subscription may be old. */
export function Connection() {
  const isLost = useSyncExternalStore(onConnection, isReconnecting);
  return <output className="connection">{isLost && 'Reconnecting …'}</output>;
}
