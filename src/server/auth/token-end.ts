import type { Client } from '../client.ts';

/** The longest time of a timer of Node, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `run` once when the token of a client is not accepted any more, unless the returned function is called before. Without
 * a token nothing ends.
 */
export function onTokenEnd({ principal }: Client, run: () => void): () => void {
  if (principal === undefined) return () => undefined;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const leftMs = principal.endsAt - Date.now();
    if (leftMs <= 0) run();
    else timer = setTimeout(wait, Math.min(leftMs, MAX_TIMER_MS));
  };
  timer = setTimeout(wait, 0);
  return () => clearTimeout(timer);
}
