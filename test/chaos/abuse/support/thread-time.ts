import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';

/** What the machine gave the main thread of a process, in milliseconds. */
export interface ThreadTime {
  /** For how long it has run. */
  readonly ranMs: number;
  /** For how long it was ready to run, and the machine ran something else. */
  readonly waitedMs: number;
}

export interface ThreadClock {
  /** Whether the system tells. */
  readonly isTold: boolean;
  /** It is 0 where the system does not tell. */
  read(): ThreadTime;
  close(): void;
}

/**
 * Reads the time of the main thread of a process. What a request takes without the time for which the gateway has waited for the
 * machine does not depend on what else the machine computes, such as the attacker.
 */
export function openThreadClock(pid: number): ThreadClock {
  return openClock(() => `${String(pid)}/task/${String(pid)}`);
}

/** Reads the time of the thread that calls it. */
export function openOwnClock(): ThreadClock {
  return openClock(() => readlinkSync('/proc/thread-self'));
}

function openClock(thread: () => string): ThreadClock {
  let file: number;
  try {
    file = openSync(`/proc/${thread()}/schedstat`, 'r');
  } catch {
    return { isTold: false, read: () => ({ ranMs: 0, waitedMs: 0 }), close: () => undefined };
  }
  const buffer = Buffer.alloc(64);
  return {
    isTold: true,
    read() {
      const length = readSync(file, buffer, 0, buffer.length, 0);
      const [ran = 0, waited = 0] = buffer.toString('latin1', 0, length).split(' ').map(Number);
      return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
    },
    close: () => closeSync(file),
  };
}
