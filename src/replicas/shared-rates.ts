import type { IceAction } from '../ice/actions.ts';
import { SPAN_MS } from '../ice/rate.ts';
import type { Grant, SharedRate } from '../ice/shared-rate.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import { loadScript } from './scripts.ts';

const RATE = loadScript('rate');

/** After so long without an answer the rest of the rate counts as unused again, in milliseconds. */
const FRESH_MS = 1050;
/** How long a replica that has joined keeps to what it had alone, as others may still be alone, in milliseconds. */
const SETTLING_MS = 2500;

export interface SharedRateOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly action: IceAction;
  /** The most starts in a second. */
  readonly limit: number;
}

/** What Redis told last, by the clock of this process. */
interface Told {
  readonly at: number;
  readonly rate: number;
  readonly own: number;
}

/** Starts of calls that are taken in the round trip of another command, so that they need not be asked for. */
export interface AdvanceStarts {
  /** The keys of `lua/rate.lua`. */
  readonly keys: readonly string[];
  readonly values: readonly [limit: number, clients: number];
  /** Is told what `lua/rate.lua` has answered to a command that was sent then, by `performance.now()`. */
  taken(reply: unknown, sentAt: number): void;
}

/** For how long starts that were taken in advance can be used, in milliseconds. The span has so much to spare. */
const ADVANCE_MS = SPAN_MS - 1000;

/** The rate of calls of one action, which Redis keeps for all replicas by its clock. */
export function createSharedRate(options: SharedRateOptions): SharedRate & AdvanceStarts {
  return new RedisRate(options);
}

class RedisRate implements SharedRate, AdvanceStarts {
  readonly #options: SharedRateOptions;
  readonly keys: readonly string[];
  /** Starts that were taken in advance, and until when they can be used. */
  #advance = { starts: 0, until: -Infinity };
  /** How many clients had calls when starts were last asked for. */
  #clients = 1;
  #told: Told;
  /** How many replicas there were when this one last went on alone. */
  #replicasBefore = 1;
  #pausedUntil = -Infinity;

  constructor(options: SharedRateOptions) {
    const { connection, action, limit } = options;
    this.#options = options;
    this.keys = ['rate', 'starts', 'takers'].map((name) => connection.key(name, action));
    this.#told = { at: -Infinity, rate: limit, own: limit };
    options.events.on('left', (_told, { durationMs }) => {
      const before = durationMs < SETTLING_MS ? this.#replicasBefore : 1;
      this.#replicasBefore = Math.max(connection.replicas, before);
    });
  }

  get isShared(): boolean {
    return this.#options.connection.mode === 'joined';
  }

  get callsPerSecond(): number {
    return this.#told.rate;
  }

  get own(): number {
    const { at, rate, own } = this.#told;
    const left = performance.now() - at < FRESH_MS ? own : rate;
    return this.#isSettling ? Math.min(left, this.alone.limit) : left;
  }

  get #isSettling(): boolean {
    return this.#options.connection.joinedMs < SETTLING_MS;
  }

  /** A Redis that has come back empty does not know those yet that are still alone. */
  get #replicas(): number {
    const { replicas } = this.#options.connection;
    return this.#isSettling ? Math.max(replicas, this.#replicasBefore) : replicas;
  }

  get alone(): SharedRate['alone'] {
    const { limit } = this.#options;
    const part = (rate: number) => Math.max(1, Math.floor(rate / this.#replicas));
    return { limit: part(limit), known: part(Math.min(limit, this.#told.rate)) };
  }

  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - performance.now());
  }

  get values(): readonly [limit: number, clients: number] {
    return [this.#options.limit, this.#clients];
  }

  taken(reply: unknown, sentAt: number): void {
    const [granted = 0] = this.#learn(reply);
    const { starts, until } = this.#advance;
    const isKept = starts > 0 && performance.now() < until;
    // Those that are left count for no longer than before.
    this.#advance = isKept
      ? { starts: starts + granted, until }
      : { starts: granted, until: sentAt + ADVANCE_MS };
  }

  async take(wanted: number, clients: number): Promise<Grant> {
    this.#clients = clients;
    const ready = this.#useAdvance(wanted);
    if (ready === wanted) return { granted: ready, waitMs: 0, free: 0 };
    const [granted = 0, waitMs = 0, free = 0] = await this.#call('take', wanted - ready, clients);
    return { granted: ready + granted, waitMs, free };
  }

  /** @returns how many of the wanted starts were taken in advance */
  #useAdvance(wanted: number): number {
    const { starts, until } = this.#advance;
    if (performance.now() >= until || this.pausedMs > 0) return 0;
    const used = Math.min(starts, wanted);
    this.#advance = { starts: starts - used, until };
    return used;
  }

  log(starts: number, clients: number): void {
    this.#tell('log', starts, clients);
  }

  throttled(ageMs: number, waitMs: number): void {
    this.#pauseFor(waitMs);
    this.#tell('throttled', Math.max(0, Math.round(ageMs)), Math.ceil(waitMs));
  }

  onChange(listener: () => void): void {
    const { events } = this.#options;
    events.on('joined', listener).on('left', listener);
  }

  /** What cannot be told is lost with Redis. This replica goes by it all the same. */
  #tell(task: 'log' | 'throttled', first: number, second: number): void {
    if (this.isShared) this.#call(task, first, second).catch(() => undefined);
  }

  /** @returns starts granted, milliseconds until there are more, starts that are left */
  async #call(task: string, first: number, second: number): Promise<number[]> {
    const { connection, limit } = this.#options;
    const values = [task, connection.replicaId, limit, first, second];
    return this.#learn(await connection.call(RATE, this.keys, values));
  }

  #learn(reply: unknown): number[] {
    const numbers = Array.isArray(reply) ? reply.map(Number) : [];
    const [granted = 0, waitMs = 0, pausedMs = 0, free = 0, rate = 0, own = 0] = numbers;
    this.#told = { at: performance.now(), rate: rate / 1000, own: own / 1000 };
    if (pausedMs > 0) this.#pauseFor(pausedMs);
    return [granted, waitMs, free];
  }

  #pauseFor(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }
}
