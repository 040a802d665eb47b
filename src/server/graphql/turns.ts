/** How long operations may begin one after the other before others can be read, in milliseconds. */
const SLICE_MS = 5;

/** How many may begin in that time. They overlap, so that the first ones seem to take no time. */
const SLICE_OPERATIONS = 4;

/** Who may begin next. */
export interface Turns {
  /** Resolves when an operation of this client may begin. It is `undefined` when it may begin at once. */
  next(client: string): Promise<void> | undefined;
}

interface Lane {
  readonly client: string;
  /** The operations of the client, oldest first. */
  readonly waiting: (() => void)[];
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

  function endSlice(): void {
    slice = undefined;
    const lane = lanes.shift();
    if (lane === undefined) return;
    const begin = lane.waiting.shift();
    if (lane.waiting.length > 0) lanes.push(lane);
    else laneOf.delete(lane.client);
    startSlice();
    begin?.();
  }

  function startSlice(): { readonly startedAt: number; operations: number } {
    setImmediate(endSlice);
    slice = { startedAt: performance.now(), operations: 1 };
    return slice;
  }

  return {
    next(client) {
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
      const lane = laneOf.get(client);
      if (lane !== undefined) lane.waiting.push(resolve);
      else {
        const opened = { client, waiting: [resolve] };
        laneOf.set(client, opened);
        lanes.push(opened);
      }
      return promise;
    },
  };
}
