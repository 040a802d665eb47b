import { randomUUID } from 'node:crypto';
import { BrokenCircuitError, circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel';
import type { Redis } from 'ioredis';
import type { RedisAddress } from '../redis-config.ts';
import { createClient } from './client.ts';
import type { AloneReason, CommandOutcome, Membership, ReplicasEmitter } from './events.ts';
import { loadScript, type Script } from './scripts.ts';

/** The deadline of a command, in milliseconds. */
const DEADLINE_MS = 150;
/** Commands in a row that fail before the replica goes on alone. */
const FAILURES_TO_LEAVE = 3;
/** How long nothing is tried after that, in milliseconds. */
const BREAK_MS = 500;
/** How often the lease is renewed, and how often a replica that is alone tries to join, in milliseconds. */
const RENEWAL_MS = 1000;
const RETRY_MS = 250;
/** How long a replica counts that is not heard of, in milliseconds. */
export const LEASE_MS = 5000;

const RENEW = loadScript('renew');

/** Redis cannot be used now. The caller does without it. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/** Redis's clock, as far as it is known here: in milliseconds since 1970. The clock of this machine does not matter to it. */
export interface RedisClock {
  /** The earliest and the latest that it can be now. */
  earliest(): number;
  latest(): number;
}

/** A command had no answer within its deadline. Whether it ran is not known. */
class Late extends Error {
  override readonly name = 'Late';
}

export interface ConnectionOptions {
  readonly address: RedisAddress;
  /** What all keys begin with. See `namespace.ts`. */
  readonly namespace: string;
  readonly events: ReplicasEmitter;
  /** @default a random one */
  readonly replicaId?: string;
  /** The deadline of a command, in milliseconds. @default 150 */
  readonly deadlineMs?: number;
}

/**
 * The way of one replica to Redis.
 *
 * The replica has `joined` the others, or it is `alone`. It begins alone, joins when its lease is renewed, and is alone again
 * when the connection breaks or three commands in a row fail. No command is sent then, except what tries to join, every
 * 250 ms.
 */
export class Connection {
  readonly replicaId: string;
  /** Resolves when the first try to join has ended, either way. */
  readonly first: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #deadlineMs: number;
  readonly #redis: Redis;
  readonly #leases: string;
  readonly #defined = new Set<string>();
  readonly #tried = Promise.withResolvers<void>();
  readonly #breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_TO_LEAVE),
    halfOpenAfter: BREAK_MS,
  });
  #blocking: Redis | undefined;
  #membership: { readonly told: Membership; readonly at: number } | undefined;
  #aloneSince = performance.now();
  #reason: AloneReason = 'connecting';
  #replicas = 1;
  #timer: NodeJS.Timeout | undefined;
  /** What Redis told its time to be, between two times of this process. */
  #told = { time: Number.NaN, sentAt: 0, receivedAt: 0 };
  #isRenewing = false;
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.replicaId = options.replicaId ?? randomUUID();
    this.first = this.#tried.promise;
    this.#leases = this.key('replicas');
    this.#breaker.onBreak((failure) => {
      const isLate = 'error' in failure && failure.error instanceof Late;
      this.#leave(isLate ? 'slow' : 'refused');
      // What is written to a connection that hangs comes to Redis much later, if at all.
      if (isLate) this.#redis.disconnect(true);
    });
    this.#redis = createClient(options.address);
    this.#redis.on('ready', () => void this.#renew());
    this.#redis.on('error', (error: unknown) => this.#failed('refused', error));
    this.#redis.on('close', () => {
      this.#leave('lost');
      this.#tried.resolve();
    });
    this.#renewLater();
  }

  get mode(): 'joined' | 'alone' {
    return this.#membership === undefined ? 'alone' : 'joined';
  }

  /** Why the replica is alone. `undefined`: it is not. */
  get reason(): AloneReason | undefined {
    return this.#membership === undefined ? this.#reason : undefined;
  }

  /** For how long the replica has been sharing, in milliseconds. 0: it is alone. */
  get joinedMs(): number {
    return this.#membership === undefined ? 0 : performance.now() - this.#membership.at;
  }

  /** The last known number of live replicas, 1 or more. This one is counted. */
  get replicas(): number {
    return this.#replicas;
  }

  /** It has no time (`NaN`) before the replica has first joined. */
  readonly clock: RedisClock = {
    earliest: () => this.#told.time + performance.now() - this.#told.receivedAt,
    latest: () => this.#told.time + 1 + performance.now() - this.#told.sentAt,
  };

  /** A key of all replicas, such as `pjg:1:{cn-shanghai:0123456789abcdef}:replicas`. */
  key(...parts: readonly string[]): string {
    return [this.#options.namespace, ...parts].join(':');
  }

  /**
   * Runs one command, or one pipeline. It is not sent again.
   *
   * @param name one of a few, for metrics
   * @throws {RedisUnavailable} at once while the replica is alone; after 150 ms at most when there is no answer, or as soon
   *   as Redis refuses. Whether the command ran is not known then
   */
  run<T>(name: string, command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#membership === undefined) return Promise.reject(new RedisUnavailable('the replica is alone'));
    return this.#execute(name, () => command(this.#redis));
  }

  /** Runs a script, as {@link run}. It is sent by its hash, and as a whole where Redis does not have it yet. */
  call(
    script: Script,
    keys: readonly string[],
    values: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    return this.run(script.name, () => this.#callNow(script, keys, values));
  }

  /**
   * Runs a command that waits in Redis, as {@link run}, on a connection that is for such commands. One at a time: they wait
   * for each other.
   *
   * @param ms how long it waits there. Its deadline is 150 ms later
   */
  block<T>(name: string, ms: number, command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#membership === undefined) return Promise.reject(new RedisUnavailable('the replica is alone'));
    // It may be connecting.
    this.#blocking ??= createClient(this.#options.address, { enableOfflineQueue: true });
    const redis = this.#blocking;
    return this.#timed(name, ms + this.#deadlineMs, () => command(redis)).catch((error: unknown) => {
      if (error instanceof Late) redis.disconnect(true);
      throw unavailable(error);
    });
  }

  /** Gives up the lease and closes all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#membership !== undefined) {
      await this.call(RENEW, [this.#leases], [this.replicaId, 0]).catch(() => undefined);
    }
    this.#leave('closed');
    this.#tried.resolve();
    this.#redis.disconnect();
    this.#blocking?.disconnect();
  }

  #callNow(
    { name, lua }: Script,
    keys: readonly string[],
    values: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    const command = `pjg:${name}`;
    if (!this.#defined.has(command)) {
      this.#redis.defineCommand(command, { lua });
      this.#defined.add(command);
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- the library has added the method
    const commands = this.#redis as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
    const call = commands[command];
    if (call === undefined) throw new Error(`no script ${name}`);
    return call.call(this.#redis, keys.length, ...keys, ...values);
  }

  async #execute<T>(name: string, command: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.execute(() => this.#timed(name, this.#deadlineMs, command));
    } catch (error) {
      throw unavailable(error);
    }
  }

  async #timed<T>(name: string, ms: number, command: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const end = (outcome: CommandOutcome) =>
      void this.#options.events.emit('commandEnd', name, performance.now() - startedAt, outcome);
    try {
      const result = await within(ms, command());
      end('ok');
      return result;
    } catch (error) {
      end(error instanceof Late ? 'late' : 'error');
      throw error;
    }
  }

  #renewLater(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const ms = this.#membership === undefined ? RETRY_MS : RENEWAL_MS;
    this.#timer = setTimeout(() => void this.#renew(), ms);
    this.#timer.unref();
  }

  /** Renews the lease. A replica that is alone joins by it. */
  async #renew(): Promise<void> {
    if (this.#isRenewing || this.#isClosed) return;
    this.#isRenewing = true;
    try {
      if (this.#redis.status !== 'ready') return;
      const lease = [this.replicaId, LEASE_MS];
      const sentAt = performance.now();
      const reply = await this.#execute('renew', () => this.#callNow(RENEW, [this.#leases], lease));
      const [count = 0, time = Number.NaN] = Array.isArray(reply) ? reply.map(Number) : [];
      this.#told = { time, sentAt, receivedAt: performance.now() };
      this.#count(count);
      this.#join();
      this.#options.events.emit('renewed');
    } catch (error) {
      this.#failed('refused', error);
    } finally {
      this.#isRenewing = false;
      this.#renewLater();
    }
  }

  #count(replicas: number): void {
    if (replicas === this.#replicas || !(replicas >= 1)) return;
    // Others join again later than this one, when Redis was away.
    const joinedAt = this.#membership?.at ?? performance.now();
    if (replicas < this.#replicas && performance.now() - joinedAt < LEASE_MS) return;
    this.#replicas = replicas;
    this.#options.events.emit('replicasChanged', replicas);
  }

  #join(): void {
    // The connection may have broken since Redis answered.
    if (this.#membership !== undefined || this.#isClosed || this.#redis.status !== 'ready') return;
    const at = performance.now();
    this.#membership = { told: { aloneMs: at - this.#aloneSince }, at };
    this.#options.events.emit('joined', this.#membership.told);
    this.#tried.resolve();
  }

  #leave(reason: AloneReason): void {
    const membership = this.#membership;
    if (membership === undefined) return;
    this.#membership = undefined;
    this.#reason = reason;
    this.#aloneSince = performance.now();
    this.#blocking?.disconnect(true);
    this.#options.events.emit('left', membership.told, {
      reason,
      durationMs: this.#aloneSince - membership.at,
    });
    this.#renewLater();
  }

  /** Notes why the replica has not joined. */
  #failed(reason: AloneReason, error: unknown): void {
    if (this.#membership !== undefined || this.#isClosed) return;
    const cause = error instanceof RedisUnavailable ? error.cause : error;
    // Nothing was tried.
    if (cause instanceof BrokenCircuitError) return;
    const code = cause instanceof Late ? 'ETIMEDOUT' : codeOf(cause);
    this.#reason = code === 'ETIMEDOUT' ? 'slow' : reason;
    this.#options.events.emit('joinFailed', this.#reason, code);
    this.#tried.resolve();
  }
}

function unavailable(cause: unknown): RedisUnavailable {
  return new RedisUnavailable('Redis did not answer', { cause });
}

/** Redis's code for its refusal, or the network's. A message could hold what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{2,}(?= )/.exec(error.message)?.[0] ?? error.name;
}

/** @throws {Late} when the task has not ended by then */
function within<T>(ms: number, task: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // When this process was busy for so long, the answer may be there and is read before that.
  const timer = setTimeout(() => setImmediate(() => reject(new Late('no answer in time'))), ms);
  task.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
