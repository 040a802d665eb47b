import { useEffect, useEffectEvent, useState } from 'react';
import { socket } from './client.ts';
import { useConnection } from './connection.tsx';
import { codeOf } from './problem.tsx';

/**
 * Reads again after each reconnect, as what queries brought may be outdated then. Gives the error to show: while the page
 * reconnects, it says so, and an error without a response says nothing more.
 */
export function useRecovery(problem: Error | undefined, recover: () => Promise<unknown>): Error | undefined {
  const connection = useConnection();
  const [isRecovering, setIsRecovering] = useState(false);
  if (connection === 'lost' && !isRecovering) setIsRecovering(true);
  if (connection === 'idle' && isRecovering) setIsRecovering(false);

  const reconnected = useEffectEvent(() => {
    void recover().finally(() => setIsRecovering(false));
  });
  useEffect(
    () => socket.on('connected', (_socket, _payload, isRetry) => void (isRetry && reconnected())),
    [],
  );
  return isRecovering && codeOf(problem) === undefined ? undefined : problem;
}
