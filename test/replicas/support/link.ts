import { EventEmitter } from 'node:events';
import { RedisUnavailable, type Connection } from '../../../src/replicas/connection.ts';
import type { ReplicasEmitter, ReplicasEvents } from '../../../src/replicas/events.ts';

/**
 * A connection whose clock is the test's, and which the test loses and brings back. All commands go to a real Redis. What was
 * under way when it is lost may have run or not.
 */
export class Link {
  readonly events: ReplicasEmitter = new EventEmitter<ReplicasEvents>();
  readonly replicaId: string;
  readonly clock: { earliest(): number; latest(): number };
  mode: 'joined' | 'alone' = 'joined';
  readonly #real: Connection;
  #lost = Promise.withResolvers<never>();

  constructor(real: Connection, now: () => number) {
    this.#real = real;
    this.replicaId = real.replicaId;
    this.clock = { earliest: now, latest: now };
    this.#lost.promise.catch(() => undefined);
  }

  /** As what takes a connection is given it. */
  get connection(): Connection {
    return this as unknown as Connection;
  }

  lose(): void {
    if (this.mode === 'alone') return;
    this.mode = 'alone';
    this.#lost.reject(new RedisUnavailable('lost'));
    this.events.emit('left', { aloneMs: 0 }, { reason: 'lost', durationMs: 0 });
  }

  join(): void {
    if (this.mode === 'joined') return;
    this.mode = 'joined';
    this.#lost = Promise.withResolvers<never>();
    this.#lost.promise.catch(() => undefined);
    this.events.emit('joined', { aloneMs: 0 });
  }

  key(...parts: readonly string[]): string {
    return this.#real.key(...parts);
  }

  run(...args: Parameters<Connection['run']>): Promise<unknown> {
    return this.#whileJoined(() => this.#real.run(...args));
  }

  call(...args: Parameters<Connection['call']>): Promise<unknown> {
    return this.#whileJoined(() => this.#real.call(...args));
  }

  block(...args: Parameters<Connection['block']>): Promise<unknown> {
    return this.#whileJoined(() => this.#real.block(...args));
  }

  #whileJoined(command: () => Promise<unknown>): Promise<unknown> {
    if (this.mode === 'alone') return Promise.reject(new RedisUnavailable('alone'));
    return Promise.race([command(), this.#lost.promise]);
  }
}
