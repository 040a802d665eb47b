import { onAbort } from '../../abort.ts';

/** How long operations may begin one after the other before others can be read, in milliseconds. */
const SLICE_MS = 5;

/** How many may begin in that time. They overlap, so that the first ones seem to take no time. */
const SLICE_OPERATIONS = 4;

/** Who may begin next. */
export interface Turns {
  /**
   * Resolves when an operation of this client may begin, or when `left` aborts: nobody waits for the operation any more. It is
   * `undefined` when it may begin at once.
   */
  next(client: string, left: AbortSignal): Promise<void> | undefined;
}

/** An operation that waits. `begin` is `undefined` once nobody waits for it. */
interface Waiting {
  begin: (() => void) | undefined;
}

interface Lane {
  readonly client: string;
  /** The operations of the client, oldest first. */
  readonly waiting: Waiting[];
}

/**
 * Shares the processor between clients. Parsing, checking and executing an operation takes milliseconds, and a client can send
 * hundreds at once.
 *
 * Operations begin at once for as long as little has begun in this turn of the event loop. All others wait. One of them begins
 * in each turn of the event loop, and clients take turns. So requests are read in between, and a client waits for one operation
 * of each other client at most.
 */
export function createTurns(): Turns {
  const lanes: Lane[] = [];
  const laneOf = new Map<string, Lane>();
  /** What has begun in this turn of the event loop. */
  let slice: { readonly startedAt: number; operations: number } | undefined;

  function startSlice(): void {
    setImmediate(endSlice);
    slice = { startedAt: performance.now(), operations: 1 };
  }

  function endSlice(): void {
    slice = undefined;
    const begin = take();
    if (begin === undefined) return;
    startSlice();
    begin();
  }

  /** Takes out the operation whose turn it is. */
  function take(): (() => void) | undefined {
    for (let lane = lanes.shift(); lane !== undefined; lane = lanes.shift()) {
      let begin: (() => void) | undefined;
      while (begin === undefined && lane.waiting.length > 0) begin = lane.waiting.shift()?.begin;
      if (lane.waiting.length > 0) lanes.push(lane);
      else laneOf.delete(lane.client);
      if (begin !== undefined) return begin;
    }
    return undefined;
  }

  function push(client: string, waiting: Waiting): void {
    const lane = laneOf.get(client) ?? { client, waiting: [] };
    lane.waiting.push(waiting);
    if (lane.waiting.length > 1) return;
    laneOf.set(client, lane);
    lanes.push(lane);
  }

  return {
    next(client, left) {
      if (slice === undefined) {
        startSlice();
        return undefined;
      }
      const hasTime = slice.operations < SLICE_OPERATIONS && performance.now() - slice.startedAt < SLICE_MS;
      if (lanes.length === 0 && hasTime) {
        slice.operations += 1;
        return undefined;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiting: Waiting = { begin: undefined };
      const forget = onAbort(left, () => {
        waiting.begin = undefined;
        resolve();
      });
      if (left.aborted) return promise;
      waiting.begin = () => {
        forget();
        resolve();
      };
      push(client, waiting);
      return promise;
    },
  };
}
