import { nextTick } from 'node:process';
import { onAbort } from '../../abort.ts';
import { computedMs } from '../../computed-time.ts';
import { createFairQueue } from '../../fair-queue.ts';

/** How long operations may compute before what has come meanwhile is read, in milliseconds. */
const SLICE_MS = 5;

/** How long a client's turn lasts at least, in milliseconds, if it has more operations. Those of others may take as long each. */
const TURN_MS = 2;

/** The most that begin before it is known what they take. They overlap, so that the first ones seem to take no time. */
const MAX_AT_ONCE = 4;

/** The longest time that is spent on reading what has come, in milliseconds. */
const READING_MS = 5;

/** A turn of the event loop that takes less has brought nothing, in milliseconds. */
const NOTHING_MS = 0.02;

/** When nothing has begun for this long, the processor is free, in milliseconds. */
const FREE_MS = 1;

/** An operation that waits. */
interface Waiting {
  readonly client: string;
  readonly begin: () => void;
}

/** Who may begin next. */
export interface Turns {
  /**
   * Resolves when an operation of this client may begin, or when `left` aborts: nobody waits for the operation any more. It is
   * `undefined` when it may begin at once.
   */
  next(client: string, left: AbortSignal): Promise<void> | undefined;
}

/**
 * Shares the processor between clients. Parsing, checking and executing an operation takes milliseconds, and a client can send
 * hundreds at once.
 *
 * An operation begins at once when little has been executed lately. Otherwise it waits. Those that wait begin one after another,
 * and clients take turns: one operation, or as many as take {@link TURN_MS}. After {@link SLICE_MS} of operations the gateway first reads what has come, as others may have asked by
 * then. Node accepts one connection in each turn of the event loop, so that this can take many.
 *
 * What counts is what operations take, not the turns of the event loop: requests that are refused can fill these.
 */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the state of the loop
export function createTurns(): Turns {
  const waiting = createFairQueue<Waiting>();
  /** When the last turn of the event loop ended. */
  let turnedAt = 0;
  /** How many operations have begun of which it is not known what they take, and the time that was computed by then. */
  let begun = 0;
  let begunAt = 0;
  /** What operations have computed since there was last time for anything else. */
  let usedMs = 0;
  /** Since when the gateway only reads. */
  let readingSince: number | undefined;
  let isTicking = false;
  /** Whose turn it is, and since when. */
  let turn = { client: '', since: 0 };

  /** Is called at the end of each turn of the event loop for as long as there is something to do. */
  function tick(): void {
    const now = performance.now();
    const tookMs = now - turnedAt;
    turnedAt = now;
    if (readingSince === undefined && usedMs >= SLICE_MS) readingSince = now;
    else if (readingSince !== undefined && (tookMs < NOTHING_MS || now - readingSince >= READING_MS)) {
      readingSince = undefined;
      usedMs = 0;
    }
    beginNext();
    isTicking = readingSince !== undefined || begun > 0;
    if (isTicking) setImmediate(tick);
  }

  function beginNext(): void {
    if (begun > 0 || readingSince !== undefined || usedMs >= SLICE_MS) return;
    const now = performance.now();
    const hasTurn = now - turn.since < TURN_MS;
    const next = (hasTurn ? waiting.takeOf(turn.client) : undefined) ?? waiting.take();
    if (next === undefined) return;
    if (next.client !== turn.client || !hasTurn) turn = { client: next.client, since: now };
    noteBegin();
    next.begin();
  }

  function noteBegin(): void {
    if (begun === 0) begunAt = computedMs();
    begun += 1;
    // A tick comes after all promises that follow from the operation.
    queueMicrotask(() => nextTick(noteEnd));
  }

  function noteEnd(): void {
    begun -= 1;
    if (begun > 0) return;
    usedMs += computedMs() - begunAt;
    beginNext();
  }

  /** Whether an operation may begin without waiting. */
  function isFree(): boolean {
    if (!isTicking) {
      const now = performance.now();
      if (now - turnedAt > FREE_MS) usedMs = 0;
      turnedAt = now;
      isTicking = true;
      setImmediate(tick);
    }
    const hasTime = begun < MAX_AT_ONCE && usedMs + (begun > 0 ? computedMs() - begunAt : 0) < SLICE_MS;
    return hasTime && readingSince === undefined && waiting.size === 0;
  }

  return {
    next(client, left) {
      if (isFree()) {
        noteBegin();
        return undefined;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const begin = () => {
        forget();
        resolve();
      };
      const leave = waiting.push(client, { client, begin });
      const forget = onAbort(left, () => {
        leave();
        resolve();
      });
      return promise;
    },
  };
}
