import type { Asker } from './askers.ts';
import { createFairQueue, type FairQueue } from '../fair-queue.ts';
import { Link, LinkedList } from '../linked-list.ts';
import { createPace, type Paced } from './pace.ts';
import { SPAN_MS, type Rate } from './rate.ts';

/** A call that may start. */
export interface Start<T> {
  readonly item: T;
  /** In milliseconds, by the clock of the rate. */
  readonly startedAt: number;
  /** Has to be called once, when the call has ended. */
  readonly end: () => void;
}

/**
 * Whose turn it is. Clients take turns, and so do the operations of each.
 *
 * With n clients the rate and the concurrency are divided into n + 1 shares. The last one is for a client that may come. A
 * client below its share goes first. A client over it uses what is left, see {@link createPace}.
 */
export interface Turns<T> {
  /** How many clients have something waiting or have used something. */
  readonly clients: number;
  /** How many items wait for this client. */
  waitingOf(client: string): number;
  /** Adds an item behind those of the same asker. The function that it returns takes the item out, if it is still in. */
  push(asker: Asker, item: T): () => void;
  /**
   * Milliseconds until the next item may be taken. 0 is now. `Infinity`: not before a call has ended or an item was added.
   */
  waitMs(): number;
  /** Takes the item whose turn it is, and counts it as started. It gives `undefined` when there is none. */
  take(): Start<T> | undefined;
}

/** One client: what it has waiting, and what it has used. */
interface Lane<T> extends Paced {
  readonly waiting: FairQueue<T>;
  /** Calls started in the last {@link SPAN_MS}. */
  starts: number;
  inFlight: number;
  /** Where it waits for its turn, while it has items. */
  line: LinkedList<Lane<T>> | undefined;
}

/** Each operation takes constant time, however many clients, operations and items there are. */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the lanes and what has been used
export function createTurns<T>(rate: Rate, maxConcurrency: number, now: () => number): Turns<T> {
  const pace = createPace(rate, maxConcurrency, now);
  /** The clients that have something waiting or have used something. */
  const lanes = new Map<string, Link<Lane<T>>>();
  /** Lanes with items, in the order of their turns, of clients below their share and of others. A lane moves lazily. */
  const below = new LinkedList<Lane<T>>();
  const over = new LinkedList<Lane<T>>();
  /** What was started in the last {@link SPAN_MS}, oldest first. */
  const started: { readonly at: number; readonly link: Link<Lane<T>> }[] = [];
  let inFlight = 0;

  function open(client: string): Link<Lane<T>> {
    const waiting = createFairQueue<T>();
    const link = new Link<Lane<T>>({
      client,
      waiting,
      starts: 0,
      inFlight: 0,
      line: undefined,
      isPaced: false,
    });
    lanes.set(client, link);
    return link;
  }

  /** Puts a lane at the end of a line, or in none. */
  function move(link: Link<Lane<T>>, line: LinkedList<Lane<T>> | undefined): void {
    link.value.line?.remove(link);
    link.value.line = line;
    line?.append(link);
  }

  function isBelowShare(lane: Lane<T>): boolean {
    const shares = lanes.size + 1;
    const starts = Math.max(rate.callsPerSecond / shares, 1);
    return lane.starts < starts && lane.inFlight < Math.max(maxConcurrency / shares, 1);
  }

  /** Puts a lane where it belongs after it has lost an item, a start or a call in flight. */
  function settle(link: Link<Lane<T>>): void {
    const { client, waiting, starts, inFlight, line } = link.value;
    if (waiting.size === 0) {
      move(link, undefined);
      link.value.isPaced = false;
      if (starts === 0 && inFlight === 0) lanes.delete(client);
    } else if (line === over && isBelowShare(link.value)) move(link, below);
  }

  function forgetStarts(): void {
    const until = now() - SPAN_MS;
    for (let first = started[0]; first !== undefined && first.at <= until; first = started[0]) {
      started.shift();
      first.link.value.starts -= 1;
      settle(first.link);
    }
  }

  /** The lane whose turn it is. */
  function next(): Link<Lane<T>> | undefined {
    for (let link = below.first; link !== undefined; link = below.first) {
      if (isBelowShare(link.value)) return link;
      move(link, over);
    }
    return over.first;
  }

  function begin(link: Link<Lane<T>>): Pick<Start<T>, 'startedAt' | 'end'> {
    const at = rate.start();
    started.push({ at, link });
    link.value.starts += 1;
    link.value.inFlight += 1;
    inFlight += 1;
    const end = () => {
      inFlight -= 1;
      link.value.inFlight -= 1;
      settle(link);
    };
    return { startedAt: at, end };
  }

  return {
    get clients() {
      return lanes.size;
    },
    waitingOf: (client) => lanes.get(client)?.value.waiting.size ?? 0,
    push(asker, item) {
      pace.note(asker.client);
      const link = lanes.get(asker.client) ?? open(asker.client);
      const leave = link.value.waiting.push(asker.turnKey, item);
      if (link.value.line === undefined) move(link, isBelowShare(link.value) ? below : over);
      return () => {
        leave();
        settle(link);
      };
    },
    waitMs() {
      forgetStarts();
      const lane = next()?.value;
      if (lane === undefined) return Infinity;
      if (!isBelowShare(lane)) return pace.waitMs(lane, inFlight);
      return inFlight < maxConcurrency ? rate.waitMs() : Infinity;
    },
    take() {
      const link = next();
      const item = link?.value.waiting.take();
      if (link === undefined || item === undefined) return undefined;
      if (!isBelowShare(link.value)) pace.start(link.value);
      const start = { item, ...begin(link) };
      move(link, link.value.line);
      settle(link);
      return start;
    },
  };
}
