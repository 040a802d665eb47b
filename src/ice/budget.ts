import type { BOUNDS } from '../bounds.ts';
import type { Asker, AskerSource } from './askers.ts';
import { IceError } from './errors.ts';
import { createRate } from './rate.ts';
import { createReplicaRate } from './replica-rate.ts';
import type { SharedRate } from './shared-rate.ts';
import { createSharedStarts } from './shared-starts.ts';
import { createTurns, type Start } from './turns.ts';

/** The part of the account's quota that one action may use. */
export interface BudgetOptions {
  readonly action: string;
  /** Most calls started in any second. After ICE throttled some there are fewer, see {@link createRate}. */
  readonly callsPerSecond: number;
  /** Most calls in flight at once. */
  readonly maxConcurrency: number;
  /** Most calls waiting. One more is refused at once. */
  readonly maxQueued: number;
  /** Most calls waiting of one client. The gateway itself may have half of {@link maxQueued}. */
  readonly maxQueuedOfClient: number;
  /** What is shared with other replicas. @default nothing is */
  readonly shared?: SharedRate | undefined;
}

/** On whose turn a call runs. */
export interface Turn extends Asker {
  /** Takes the call out of the queue. It does not end a call that has begun. */
  readonly signal: AbortSignal;
  /** All who ask for the call, where there can be several. It runs on the first turn of any of them. */
  readonly askers?: AskerSource;
}

/** Runs the calls of one action within its budget. */
export interface Budget {
  /** Most calls started in a second, at this moment. */
  readonly callsPerSecond: number;
  /** Calls waiting for their turn. */
  readonly queued: number;
  /**
   * Runs `task` as soon as the budget allows.
   *
   * @throws {IceError} OVERLOADED when the queue is full, or `signal` aborts before the call could start. Its
   *   `retryAfterMs` is the time that the queue takes at the present rate: what is left of a pause, plus
   *   1000 * calls waiting / calls per second. RATE_LIMITED when each client that asks has too many waiting. Its
   *   `retryAfterMs` is the same for the calls of that client. Both are 1000 to 60 000.
   */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
  /** Ends every waiting call with this error. */
  refuseWaiting(error: IceError): void;
}

/** The name of the bound of one client. */
const POLICY = 'callsWaitingOfClient' satisfies keyof typeof BOUNDS;

/**
 * The most calls that start in one turn of the event loop. To sign and send one takes about half a millisecond, and as many as may
 * be in flight can be free at once.
 */
const MAX_STARTS = 4;

interface WaitingCall {
  /** Takes it out of the queue. It can still be refused. */
  readonly take: () => void;
  readonly start: (start: Start<WaitingCall>) => void;
  readonly refuse: (error: IceError) => void;
}

const now = () => performance.now();

// oxlint-disable-next-line max-lines-per-function -- its short functions share the queue and the timer
export function createBudget(options: BudgetOptions): Budget {
  const { action, callsPerSecond, maxConcurrency, maxQueued, maxQueuedOfClient, shared } = options;
  const rate = shared === undefined ? createRate(callsPerSecond, now) : createReplicaRate(shared, now);
  const turns = createTurns<WaitingCall>(rate, maxConcurrency, now);
  const sharedStarts =
    shared &&
    createSharedStarts<WaitingCall>({
      shared,
      rate,
      maxBatch: MAX_STARTS,
      now,
      clients: () => turns.clients,
      start: (start) => start.item.start(start),
      onRoom: () => startNext(),
    });
  const waiting = new Set<WaitingCall>();
  /** Is set while calls wait for nothing but time. */
  let timer: NodeJS.Timeout | undefined;
  /** How many calls have started in this turn of the event loop. */
  let started = 0;

  function startNext(): void {
    clearTimeout(timer);
    while (waiting.size > 0 && started < MAX_STARTS) {
      if (sharedStarts?.hasRoom === false) return;
      const waitMs = turns.waitMs();
      if (waitMs > 0) {
        if (waitMs < Infinity) timer = setTimeout(startNext, Math.ceil(waitMs));
        return;
      }
      if (started === 0) setImmediate(nextTurn);
      started += 1;
      const start = turns.take();
      if (start === undefined) return;
      if (sharedStarts === undefined) start.item.start(start);
      else {
        start.item.take();
        sharedStarts.add(start);
      }
    }
  }

  function nextTurn(): void {
    started = 0;
    startNext();
  }

  function isFull(client: string): boolean {
    return turns.waitingOf(client) >= (client === '' ? maxQueued / 2 : maxQueuedOfClient);
  }

  function retryAfterMs(calls: number): number {
    const queueMs = rate.waitMs() + (1000 * calls) / rate.callsPerSecond;
    return Math.ceil(Math.min(Math.max(queueMs, 1000), 60_000));
  }

  function overload(): IceError {
    return new IceError('OVERLOADED', { action, retryAfterMs: retryAfterMs(waiting.size) });
  }

  function tooMany(client: string): IceError {
    if (client === '') return overload();
    const details = { action, policy: POLICY, retryAfterMs: retryAfterMs(turns.waitingOf(client)) };
    return new IceError('RATE_LIMITED', details);
  }

  /** Resolves when it is the call's turn. */
  function waitForTurn({ signal, client, turnKey, askers }: Turn): Promise<Start<WaitingCall>> {
    const { promise, resolve, reject } = Promise.withResolvers<Start<WaitingCall>>();
    if (signal.aborted || waiting.size >= maxQueued) {
      reject(overload());
      return promise;
    }
    const call: WaitingCall = {
      take: () => giveUpPlaces(),
      start(start) {
        leave();
        resolve(start);
      },
      refuse(error) {
        leave();
        reject(error);
      },
    };
    let places = 0;
    const giveUpPlaces = (askers ?? justOne({ client, turnKey })).each((asker) => {
      if (isFull(asker.client)) return () => undefined;
      places += 1;
      const giveUp = turns.push(asker, call);
      // One who comes later can be first in turn.
      if (waiting.has(call)) startNext();
      return giveUp;
    });
    const leave = () => {
      waiting.delete(call);
      signal.removeEventListener('abort', leaveOnAbort);
      giveUpPlaces();
      sharedStarts?.remove(call);
      if (waiting.size === 0) clearTimeout(timer);
    };
    const leaveOnAbort = () => call.refuse(overload());
    if (places === 0) {
      giveUpPlaces();
      reject(tooMany(client));
      return promise;
    }
    waiting.add(call);
    signal.addEventListener('abort', leaveOnAbort, { once: true });
    startNext();
    return promise;
  }

  return {
    get callsPerSecond() {
      return shared?.isShared === true ? shared.callsPerSecond : rate.callsPerSecond;
    },
    get queued() {
      return waiting.size;
    },
    async run<T>(turn: Turn, task: () => Promise<T>): Promise<T> {
      const { startedAt, end } = await waitForTurn(turn);
      try {
        const result = await task();
        rate.granted();
        return result;
      } catch (error) {
        if (error instanceof IceError && error.code === 'UPSTREAM_THROTTLED') {
          rate.throttled(startedAt, error.details.retryAfterMs);
        } else rate.granted();
        throw error;
      } finally {
        end();
        startNext();
      }
    },
    refuseWaiting(error) {
      for (const call of waiting) call.refuse(error);
    },
  };
}

function justOne(asker: Asker): AskerSource {
  return { each: (admit) => admit(asker) };
}
