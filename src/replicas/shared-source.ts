import { onAbort } from '../abort.ts';
import type { CallContext } from '../ice/client.ts';
import { IceError } from '../ice/errors.ts';
import { isFinished } from '../jobs/model.ts';
import type { SharedMemory, JobSource, Reading, SharedState } from '../jobs/source/job-source.ts';
import { hasDetail, isFresh, type Detail, type Freshness, type JobEntry } from '../jobs/store/entry.ts';
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
  /** What is read besides. */
  readonly along: Pick<TakenAlong, 'candidates' | 'leastAgeMs' | 'read' | 'reading'>;
  readonly freshness: Freshness;
  readonly now: () => number;
  readonly scopes?: Scopes | undefined;
}

/** How long a read waits for another replica's at most, in milliseconds. It is made here after that. */
const MAX_WAIT_MS = 2000;

/**
 * The pauses between looks at what is waited for, in milliseconds. Nearly all of it is told before that. Looks that come too soon keep
 * replicas and Redis busy just when many wait.
 */
const FIRST_PAUSE_MS = 150;
const LAST_PAUSE_MS = 600;

interface Read {
  readonly id: string;
  readonly detail: Detail;
  readonly context: CallContext;
  /** Runs something on behalf of whoever asked. */
  readonly inScope: <T>(run: () => T) => T;
  readonly resolve: (answer: Reading | SharedState | Promise<Reading | SharedState>) => void;
  readonly reject: (error: unknown) => void;
  /**
   * What it brings has to be newer than this, in milliseconds since 1970: what was known when it was asked for. `undefined`: anything
   * that is fresh.
   */
  readonly newerThan: number | undefined;
  isAnswered: boolean;
}

/**
 * Reads jobs for all replicas. What another one has read lately is taken from Redis. What another one reads now is waited for, and
 * read here when that takes too long. All else is read from ICE, and with it what the other replicas want to be read, so that
 * they are told it.
 *
 * So there is no replica on which the others depend: whichever is the first for which jobs are due reads them. Without Redis
 * each reads its own.
 */
export class SharedSource implements JobSource {
  readonly #options: SharedSourceOptions;
  /** The reads that wait for other replicas, by id. */
  readonly #awaited = new Map<string, Set<Read>>();
  #pending: Read[] = [];
  #leads = false;

  constructor(options: SharedSourceOptions) {
    this.#options = options;
  }

  /** Whether this replica came first when its watched jobs were last due. */
  get leads(): boolean {
    return this.#leads;
  }

  read(id: string, detail: Detail, context: CallContext): Promise<Reading | SharedState> {
    const { connection, ice, memory, along, scopes = NO_SCOPES } = this.#options;
    if (connection.mode === 'alone') return ice.read(id, detail, context);
    const { promise, resolve, reject } = Promise.withResolvers<Reading | SharedState>();
    const known = memory.peek(id);
    const isWhole = known !== undefined && (detail === 'summary' || hasDetail(known));
    const newerThan = isWhole ? known.validatedAt : undefined;
    const add = () => {
      if (this.#pending.length === 0) setImmediate(() => this.#readPending());
      const inScope = scopes.capture();
      this.#pending.push({ id, detail, context, inScope, resolve, reject, newerThan, isAnswered: false });
    };
    const reading = detail === 'summary' ? along.reading(id) : undefined;
    if (reading === undefined) add();
    else void reading.then((answer) => (this.#isGood(answer) ? resolve(answer) : add()));
    const forget = onAbort(context.signal, () =>
      reject(new IceError('UPSTREAM_TIMEOUT', { action: 'GetPackageJob' })),
    );
    return promise.finally(forget);
  }

  /** Is told what this replica or another one has read. */
  told(id: string, entry: JobEntry): void {
    const { freshness, now } = this.#options;
    if (!isFresh(entry, freshness, now())) return;
    for (const read of this.#awaited.get(id) ?? []) {
      if (read.detail === 'detail' && !hasDetail(entry)) continue;
      if (read.newerThan !== undefined && entry.validatedAt <= read.newerThan) continue;
      this.#answer(read, { source: 'replica', entry });
    }
  }

  #readPending(): void {
    const reads = this.#pending;
    this.#pending = [];
    // Whoever waits for a read is told, and nobody else would be.
    this.#readBatch(reads).catch((error: unknown) => {
      for (const read of reads) this.#fail(read, error);
    });
  }

  async #readBatch(reads: readonly Read[]): Promise<void> {
    const { awaited, own } = await this.#look(reads, 'first');
    if (reads.some(isOfSweep)) this.#leads = own.some(isOfSweep);
    if (awaited.length > 0) await this.#wait(awaited);
  }

  /** Whether the answer of a read that was joined is as new as is promised. */
  #isGood(answer: Reading | undefined): answer is Reading {
    const { freshness, now } = this.#options;
    if (answer === undefined || answer.job === null) return false;
    return isFinished(answer.job) || now() - answer.observedAt < freshness.unfinishedMs;
  }

  /** Looks again and again at what other replicas read, until it was told. */
  async #wait(reads: readonly Read[]): Promise<void> {
    for (const read of reads) this.#awaited.set(read.id, (this.#awaited.get(read.id) ?? new Set()).add(read));
    const until = performance.now() + MAX_WAIT_MS;
    let awaited = reads;
    for (let pauseMs = FIRST_PAUSE_MS; awaited.length > 0; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      ({ awaited } = await this.#look(awaited, performance.now() >= until ? 'last' : 'again'));
    }
    for (const read of reads) this.#stopWaiting(read);
  }

  /** Answers what can be answered, and reads the rest from ICE. @returns the reads that are to wait, and those that are made here */
  async #look(
    given: readonly Read[],
    turn: 'first' | 'again' | 'last',
  ): Promise<{ readonly awaited: readonly Read[]; readonly own: readonly Read[] }> {
    const { memory, along, claims } = this.#options;
    const waiting = given.filter(({ context, isAnswered }) => !context.signal.aborted && !isAnswered);
    // What is taken along by now is told once it is read.
    const isTakenAlong = ({ id, detail }: Read) => detail === 'summary' && along.reading(id) !== undefined;
    const [awaited, own, answered]: [Read[], Read[], Read[]] = [[], [], []];
    if (turn === 'again') awaited.push(...waiting.filter(isTakenAlong));
    const reads = turn === 'again' ? waiting.filter((read) => !isTakenAlong(read)) : waiting;
    if (reads.length === 0) return { awaited, own };
    const listed = reads.filter(({ id, detail }) => detail === 'summary' && isListable(memory.peek(id)));
    // Those that wait were left to another replica, which takes along what others want.
    const others = turn === 'first' && listed.length > 0 ? along.candidates(listed) : [];
    const found = await this.#find(reads, others.length === 0 ? undefined : listed.length);
    const isListing = reads.some(({ id, detail }, index) => {
      const { standing, entry } = found?.[index] ?? {};
      return standing === 'claimed' && detail === 'summary' && isListable(entry ?? memory.peek(id));
    });
    const taken = isListing && others.length > 0 ? await this.#findAlong(others, listed.length) : [];
    reads.forEach((read, index) => {
      const { standing, entry } = found?.[index] ?? { standing: 'stale', entry: undefined };
      if (read.isAnswered) return standing === 'claimed' && answered.push(read);
      if (standing === 'fresh' && entry !== undefined)
        return this.#answer(read, { source: 'replica', entry });
      // What is too old says where a list has the job, and may stand in while ICE fails.
      if (entry !== undefined) memory.adopt(read.id, entry);
      (standing === 'awaited' && turn !== 'last' ? awaited : own).push(read);
    });
    claims.giveUp(answered.map(({ id }) => id));
    this.#readOwn(own, taken);
    return { awaited, own };
  }

  /**
   * What Redis has of these. It is `undefined` without Redis.
   *
   * @param leading with how many reads others are taken along, if this replica is to read a list. `undefined`: there are no others
   */
  async #find(
    reads: readonly Read[],
    leading: number | undefined,
  ): Promise<readonly FoundState[] | undefined> {
    const { states, freshness, along } = this.#options;
    const wanted = reads.map((read): WantedState => {
      const { id, detail, newerThan } = read;
      return { id, newerThan, purpose: detail === 'summary' && isOfSweep(read) ? 'sweep' : detail };
    });
    const taking = leading === undefined ? {} : { alongMs: along.leastAgeMs(leading), alongFollows: true };
    return states.read(wanted, { freshness, claimMs: CLAIM_MS, ...taking }).catch(() => undefined);
  }

  /** What Redis has of those that may be taken along. A replica asks for it only when it reads a list, as there may be many. */
  async #findAlong(
    ids: readonly string[],
    leading: number,
  ): Promise<readonly (readonly [id: string, found: FoundState | undefined])[]> {
    const { states, freshness, along } = this.#options;
    const wanted = ids.map((id): WantedState => ({ id, newerThan: undefined, purpose: 'along' }));
    const options = { freshness, claimMs: CLAIM_MS, alongMs: along.leastAgeMs(leading) };
    const found = await states.read(wanted, options).catch(() => undefined);
    return ids.map((id, index) => [id, found?.[index]]);
  }

  /** Reads from ICE. All of it is planned together, as it is asked for in one turn. */
  #readOwn(
    reads: readonly Read[],
    taken: readonly (readonly [id: string, found: FoundState | undefined])[],
  ): void {
    const { ice, along, claims } = this.#options;
    for (const read of reads) {
      const { id, detail, context, inScope } = read;
      const answer = claims.during(
        id,
        inScope(() => ice.read(id, detail, context)),
      );
      // Nobody sees the failure of a read that was given up.
      answer.catch(() => undefined);
      this.#answer(read, answer);
    }
    along.read(reads, taken, ice);
  }

  #answer(read: Read, answer: Parameters<Read['resolve']>[0]): void {
    read.isAnswered = true;
    read.resolve(answer);
    this.#stopWaiting(read);
  }

  /** A read that was answered stays so. */
  #fail(read: Read, error: unknown): void {
    read.isAnswered = true;
    read.reject(error);
    this.#stopWaiting(read);
  }

  #stopWaiting(read: Read): void {
    const waiting = this.#awaited.get(read.id);
    waiting?.delete(read);
    if (waiting?.size === 0) this.#awaited.delete(read.id);
  }
}

/** Whether no client waits for it. */
function isOfSweep({ context }: Read): boolean {
  return context.client === '';
}
