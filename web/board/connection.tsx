import { useConnection } from './socket.ts';

const TEXTS = { idle: '', live: 'Live', lost: 'Reconnecting …' } as const;

/** Shows whether the page receives changes live. */
export function Connection() {
  const connection = useConnection();
  return (
    <output className="connection" data-connection={connection}>
      {TEXTS[connection]}
    </output>
  );
}
