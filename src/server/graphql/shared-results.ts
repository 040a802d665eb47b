import type { FormattedExecutionResult } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';

/** One event of a subscription. */
export interface SharedEvent {
  /** The state that it tells of. */
  readonly state: object;
  /** A text that is the same for operations that have the same results. */
  readonly operation: string;
  /** The key of the client that is told. */
  readonly client: string;
}

/** Results of events that several subscriptions share. */
export interface SharedResults {
  /** The result of an event. It is executed unless it was lately, or is being executed. */
  of(event: SharedEvent, execute: () => Promise<FormattedExecutionResult>): Promise<FormattedExecutionResult>;
  /** About how many bytes they take. */
  readonly bytes: number;
}

/** For how long a result that goes by the clock is shared, in milliseconds. A burst of subscribers is told within that. */
const TIMED_RESULT_MS = 100;

/**
 * Creates the results of one gateway. They take no more than the bound of that name. The least recently used go first. A
 * result with errors is shared only until it is there, as errors name their request, and may not occur the next time.
 *
 * @param nextTurn is asked before each execution, for the client that needs it
 * @param isTimed whether a result goes by the clock, so that it does not last
 */
export function createSharedResults(
  nextTurn: (client: string) => Promise<void> | undefined,
  isTimed: (result: FormattedExecutionResult) => boolean,
  caches?: Caches,
): SharedResults {
  const running = new Map<string, Promise<FormattedExecutionResult>>();
  const done = new MeasuredCache<string, Promise<FormattedExecutionResult>>({
    maxSize: BOUNDS.sharedResults.max,
  });
  caches?.set('shared_results', done);
  /** The results that wait for a turn. Each client waits for its own turn, as that of another can take long. */
  const waiting = new Map<string, Promise<FormattedExecutionResult>>();
  const keyOf = createKeys();

  function share(
    key: string,
    execute: () => Promise<FormattedExecutionResult>,
  ): Promise<FormattedExecutionResult> {
    const result = execute();
    running.set(key, result);
    const forget = () => running.delete(key);
    const keep = (value: FormattedExecutionResult) => {
      forget();
      if (value.errors) return;
      const ttl = isTimed(value) ? TIMED_RESULT_MS : 0;
      done.set(key, result, { size: sizeOf(value) + 2 * key.length, ttl });
    };
    result.then(keep, forget);
    return result;
  }

  return {
    get bytes() {
      return done.calculatedSize;
    },
    of({ state, operation, client }, execute) {
      const key = keyOf(state, operation);
      const find = () => running.get(key) ?? done.get(key);
      const turnKey = `${client} ${key}`;
      const found = find() ?? waiting.get(turnKey);
      if (found !== undefined) return found;
      const turn = nextTurn(client);
      if (turn === undefined) return share(key, execute);
      const result = turn.then(() => {
        waiting.delete(turnKey);
        return find() ?? share(key, execute);
      });
      waiting.set(turnKey, result);
      return result;
    },
  };
}

/** Numbers states, so that a key does not keep its state in memory. */
function createKeys(): (state: object, operation: string) => string {
  const numbers = new WeakMap<object, number>();
  let states = 0;
  return (state, operation) => {
    let number = numbers.get(state);
    if (number === undefined) {
      states += 1;
      number = states;
      numbers.set(state, number);
    }
    return `${String(number)} ${operation}`;
  };
}

/** What a member of an object or of a list takes beside its value, in bytes. */
const MEMBER_BYTES = 48;
/** What an object or a list takes beside its members, in bytes. */
const OBJECT_BYTES = 112;

/** About how many bytes a result takes. A text counts in full, although a job that has it may live anyway. */
export function sizeOf(result: object): number {
  let bytes = 0;
  const pending: unknown[] = [result];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') bytes += 2 * value.length;
    if (typeof value !== 'object' || value === null) continue;
    bytes += OBJECT_BYTES;
    for (const member of Object.values(value)) {
      bytes += MEMBER_BYTES;
      pending.push(member);
    }
  }
  return bytes;
}
