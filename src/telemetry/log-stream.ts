import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';

/** Where the log goes. */
export interface LogStream extends DestinationStream {
  /** Resolves once all that was logged is written, or that cannot be, but after so many milliseconds at most. */
  written(withinMs: number): Promise<void>;
}

/**
 * The log on its way to a stream such as standard output. Nobody waits for whoever reads that: what is not read yet is kept, and what
 * comes beyond the bound is dropped. When nobody reads any more, the gateway goes on without a log. pino's own streams keep the main
 * thread waiting then, for ever.
 *
 * The lines of one turn of the event loop are written together.
 *
 * @param maxUnwritten the bound, in characters
 * @param onDropped is told how many lines were dropped, once there is room again
 */
export function createLogStream(
  out: Writable,
  maxUnwritten: number,
  onDropped: (lines: number) => void,
): LogStream {
  let pending = '';
  let dropped = 0;
  let isLost = false;
  out.on('error', () => (isLost = true));
  out.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    onDropped(lines);
  });

  function flush(onWritten?: () => void): void {
    const text = pending;
    pending = '';
    if (isLost) onWritten?.();
    else out.write(text, onWritten);
  }

  return {
    write(line) {
      if (isLost) return;
      if (pending.length + line.length + out.writableLength > maxUnwritten) {
        dropped += 1;
        return;
      }
      if (pending === '') setImmediate(flush);
      pending += line;
    },
    async written(withinMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, withinMs);
      flush(resolve);
      await promise;
      clearTimeout(timer);
    },
  };
}
