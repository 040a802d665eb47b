import { onAbort } from '../abort.ts';
import type { CallContext } from '../ice/client.ts';
import { IceError } from '../ice/errors.ts';
import type { SharedMemory, JobSource, Reading, SharedState } from '../jobs/source/job-source.ts';
import { hasDetail, type Detail, type Freshness } from '../jobs/store/entry.ts';
import { NO_SCOPES, type Scopes } from '../scopes.ts';
import { CLAIM_MS, type Claims } from './claims.ts';
import type { Connection } from './connection.ts';
import { isListable } from './shared-state.ts';
import type { FoundState, SharedStates, WantedState } from './states.ts';
import type { TakenAlong } from './taken-along.ts';

export interface SharedSourceOptions {
  readonly connection: Pick<Connection, 'mode'>;
  readonly states: Pick<SharedStates, 'read'>;
  readonly claims: Claims;
  readonly memory: SharedMemory;
  /** Where jobs are read that no replica has read lately. */
  readonly ice: JobSource<Reading>;
  /** What other replicas want to be read. */
  readonly along: Pick<TakenAlong, 'claim'>;
  readonly freshness: Freshness;
  readonly scopes?: Scopes | undefined;
}

/** How long a read waits for another replica's at most, in milliseconds. It is made here after that. */
const MAX_WAIT_MS = 2000;

/** The pauses between looks at what is waited for, in milliseconds. */
const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 100;

interface Read {
  readonly id: string;
  readonly detail: Detail;
  readonly context: CallContext;
  /** Runs something on behalf of whoever asked. */
  readonly inScope: <T>(run: () => T) => T;
  readonly resolve: (answer: Reading | SharedState | Promise<Reading | SharedState>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads jobs for all replicas. What another one has read lately is taken from Redis. What another one reads now is waited for, and
 * read here when that takes too long. All else is read from ICE, and with it what the other replicas want to be read, so that
 * they find it in Redis.
 *
 * So there is no replica on which the others depend: whichever is the first for which jobs are due reads them. Without Redis
 * each reads its own.
 */
export class SharedSource implements JobSource {
  readonly #options: SharedSourceOptions;
  #pending: Read[] = [];

  constructor(options: SharedSourceOptions) {
    this.#options = options;
  }

  read(id: string, detail: Detail, context: CallContext): Promise<Reading | SharedState> {
    const { connection, ice, scopes = NO_SCOPES } = this.#options;
    if (connection.mode === 'alone') return ice.read(id, detail, context);
    const { promise, resolve, reject } = Promise.withResolvers<Reading | SharedState>();
    if (this.#pending.length === 0) setImmediate(() => void this.#readPending());
    this.#pending.push({ id, detail, context, inScope: scopes.capture(), resolve, reject });
    const forget = onAbort(context.signal, () =>
      reject(new IceError('UPSTREAM_TIMEOUT', { action: 'GetPackageJob' })),
    );
    return promise.finally(forget);
  }

  async #readPending(): Promise<void> {
    const reads = this.#pending;
    this.#pending = [];
    const awaited = await this.#look(reads, (standing) => standing === 'awaited');
    if (awaited.length > 0) await this.#wait(awaited);
  }

  /** Looks again and again at what other replicas read. */
  async #wait(reads: readonly Read[]): Promise<void> {
    const until = performance.now() + MAX_WAIT_MS;
    let awaited = reads;
    for (let pauseMs = FIRST_PAUSE_MS; awaited.length > 0; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      const isOver = performance.now() >= until;
      awaited = await this.#look(awaited, (standing) => standing === 'awaited' && !isOver);
    }
  }

  /** Answers what can be answered, and reads the rest from ICE. @returns the reads that are to wait */
  async #look(
    given: readonly Read[],
    isToWait: (standing: FoundState['standing']) => boolean,
  ): Promise<readonly Read[]> {
    const reads = given.filter(({ context }) => !context.signal.aborted);
    const found = await this.#find(reads);
    const [awaited, own]: [Read[], Read[]] = [[], []];
    reads.forEach((read, index) => {
      const { standing, entry } = found?.[index] ?? { standing: 'stale', entry: undefined };
      if (standing === 'fresh' && entry !== undefined) return read.resolve({ source: 'replica', entry });
      // What is too old says where a list has the job, and may stand in while ICE fails.
      if (entry !== undefined) this.#options.memory.adopt(read.id, entry);
      (isToWait(standing) ? awaited : own).push(read);
    });
    if (own.length > 0) await this.#readOwn(own);
    return awaited;
  }

  /** What Redis has of these. It is `undefined` without Redis. */
  async #find(reads: readonly Read[]): Promise<readonly FoundState[] | undefined> {
    const { states, memory, freshness } = this.#options;
    const wanted = reads.map(({ id, detail, context }): WantedState => {
      const known = memory.peek(id);
      const isWhole = known !== undefined && (detail === 'summary' || hasDetail(known));
      const purpose = detail === 'summary' && context.client === '' ? 'sweep' : detail;
      return { id, newerThan: isWhole ? known.validatedAt : undefined, purpose };
    });
    return states.read(wanted, { freshness, claimMs: CLAIM_MS }).catch(() => undefined);
  }

  async #readOwn(reads: readonly Read[]): Promise<void> {
    const { ice, along, memory, claims } = this.#options;
    const listable = reads.filter(({ id, detail }) => detail === 'summary' && isListable(memory.peek(id)));
    // Both are planned together, as they are asked for in one turn.
    const readAlong = listable.length === 0 ? undefined : await along.claim(listable, ice);
    for (const { id, detail, context, inScope, resolve } of reads) {
      const answer = claims.during(
        id,
        inScope(() => ice.read(id, detail, context)),
      );
      // Nobody sees the failure of a read that was given up.
      answer.catch(() => undefined);
      resolve(answer);
    }
    readAlong?.();
  }
}
