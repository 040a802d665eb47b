import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';
import { socket } from './client.ts';
import { CurrentViewerDocument, type CurrentViewerQuery } from './gql/graphql.ts';

/** What the page may offer. `undefined` until the gateway has said so. */
export function useViewer(): CurrentViewerQuery['viewer'] | undefined {
  const { data, refetch } = useQuery(CurrentViewerDocument);
  // The gateway can come back with other settings.
  useEffect(
    () =>
      socket.on('connected', (_socket, _payload, isRetry) => {
        if (isRetry) refetch().catch(() => undefined);
      }),
    [refetch],
  );
  return data?.viewer;
}
