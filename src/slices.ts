import { nextTick } from 'node:process';
import { hasComputed, moment } from './computed-time.ts';
import { createFairQueue } from './fair-queue.ts';

/** How long what clients are sent may take before what has come meanwhile is read, in milliseconds. */
const SLICE_MS = 4;

/**
 * The most that go on before the time is looked at. What they write to one connection goes out in one system call, which is most
 * of what an event takes.
 */
const MAX_AT_ONCE = 16;

/** Those that went on took little if they took no longer, in milliseconds. Then twice as many go on next. */
const LITTLE_MS = 0.5;

/** What goes on in a later turn of the event loop, in small slices. */
export interface Slices {
  /**
   * Resolves in a later turn of the event loop, when it is this client's turn to go on.
   *
   * @param connection what it writes to, if others write to it too. Up to {@link MAX_AT_ONCE} of them go on together
   */
  next(client: string, connection?: object): Promise<void>;
}

/** Those that go on together. */
interface Group {
  readonly connection: object | undefined;
  readonly members: (() => void)[];
}

/**
 * Shares the processor between clients where many things go on at once that each take little: the events of subscriptions,
 * what ends as its time is up, what is released as a connection has closed. A client can have thousands of these.
 *
 * In each turn of the event loop they go on for {@link SLICE_MS}, one of each client in rotation, a few at once. Those who write
 * to one connection go on together. The rest waits for
 * the next turn, so what others ask meanwhile is read in between. Whoever has just gone on waits for the next turn too.
 */
export function createSlices(): Slices {
  const waiting = createFairQueue<Group>();
  /** The groups that have room, by their connections. */
  const groups = new Map<object, Group>();
  let isScheduled = false;
  let started = moment();
  /** How many may go on in this turn. */
  let left = 0;

  function join(client: string, connection: object | undefined, goOn: () => void): void {
    const group = connection && groups.get(connection);
    if (group !== undefined && group.members.length < MAX_AT_ONCE) return void group.members.push(goOn);
    const begun = { connection, members: [goOn] };
    waiting.push(client, begun);
    if (connection !== undefined) groups.set(connection, begun);
  }

  /** Takes the group whose turn it is. Nobody joins it any more. */
  function take(): Group['members'] {
    const group = waiting.take();
    if (group?.connection !== undefined && groups.get(group.connection) === group)
      groups.delete(group.connection);
    return group?.members ?? [];
  }

  function schedule(): void {
    isScheduled = waiting.size > 0;
    if (isScheduled) setImmediate(slice);
  }

  function slice(): void {
    started = moment();
    left = waiting.size;
    step(1, started.at);
  }

  function step(atOnce: number, now: number): void {
    if (left === 0 || hasComputed(started, SLICE_MS)) return schedule();
    for (let taken = 0; taken < atOnce && left > 0;) {
      left -= 1;
      const members = take();
      taken += members.length;
      for (const goOn of members) goOn();
    }
    const goOn = () => {
      const after = performance.now();
      step(after - now <= LITTLE_MS ? Math.min(2 * atOnce, MAX_AT_ONCE) : 1, after);
    };
    // A tick comes after all promises that follow from these.
    queueMicrotask(() => nextTick(goOn));
  }

  return {
    next(client, connection) {
      const { promise, resolve } = Promise.withResolvers<void>();
      join(client, connection, resolve);
      if (!isScheduled) schedule();
      return promise;
    },
  };
}
