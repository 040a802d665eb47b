import type { Detail, Freshness, JobEntry } from '../jobs/store/entry.ts';
import { SETTLING_MS } from '../jobs/store/entry.ts';
import type { Connection } from './connection.ts';
import { loadScript, type Script } from './scripts.ts';
import type { AdvanceStarts } from './shared-rates.ts';
import { entryOfFields, fieldsOf, localTime, type Clocks } from './shared-state.ts';

/** How many jobs one call of a script is for. It takes Redis one or two milliseconds, in which it does nothing else. */
const JOBS_OF_CALL = 100;
/** How many calls are under way at once, so that each is answered within its deadline. */
const CALLS_AT_ONCE = 4;

/** How many changes are kept for replicas that have not read them yet. One that has missed some looks at what it watches. */
const MAX_CHANGES = 10_000;

/** For how long the state of a job that has not finished is kept, in milliseconds. It has to outlast a short pause of all. */
const UNFINISHED_TTL_MS = 600_000;

/** By how much a state has to be newer, in milliseconds. What is known of the clocks changes by less. */
const NEWER_MS = 50;

const READ = loadScript('states-read', ['rate']);
const WRITE = loadScript('states-write');
const CLAIMS = loadScript('claims');

/** A state that is asked for. */
export interface WantedState {
  readonly id: string;
  /** It has to be newer than this, by the clock of this replica. `undefined`: any that is fresh. */
  readonly newerThan: number | undefined;
  /**
   * `sweep`: a summary that no client waits for. `along`: nobody here waits for it. It is claimed if lists show it, and one is read
   * for the others of the call.
   */
  readonly purpose: Detail | 'sweep' | 'along';
}

/** What is to be done about a job. `claimed`: this replica is to read it. `awaited`: another one reads it. */
export type Standing = (typeof STANDINGS)[number];

const STANDINGS = ['fresh', 'claimed', 'awaited', 'stale'] as const;

export interface FoundState {
  readonly standing: Standing;
  /**
   * What Redis has of the id, however old. It is `undefined` where that is not newer than asked for, unless it is fresh, and for
   * those that are not taken along.
   */
  readonly entry: JobEntry | undefined;
}

/** An unfinished job that was read again, and had not changed since it was last read. Times are of the clock of this replica. */
export interface ReadAgain extends Pick<JobEntry, 'observedAt' | 'validatedAt' | 'lastGetAt'> {
  readonly id: string;
  /** Which state it is in. */
  readonly modifiedTime: string | null;
}

/** How old a state may be, and for how long it is claimed where it is older, in milliseconds. */
export interface ReadOptions {
  readonly freshness: Pick<Freshness, 'unfinishedMs' | 'finishedMs' | 'missingMs'>;
  readonly claimMs: number;
  /** How old those may be that are taken along. `undefined`: none is. */
  readonly alongMs?: number | undefined;
  /** Whether those that are taken along come in another call after this one. @default false */
  readonly alongFollows?: boolean;
}

/** The states of jobs in Redis. Every method throws {@link RedisUnavailable}. */
export class SharedStates {
  readonly #connection: Connection;
  readonly #finishedTtlMs: number;
  readonly #clocks: Clocks;
  readonly #starts: AdvanceStarts | undefined;

  /**
   * @param finishedTtlMs for how long the state of a job that has finished is kept
   * @param starts where starts of the calls are taken that read what was claimed. Without it none are taken
   */
  constructor(connection: Connection, finishedTtlMs: number, now: () => number, starts?: AdvanceStarts) {
    this.#connection = connection;
    this.#starts = starts;
    this.#finishedTtlMs = finishedTtlMs;
    this.#clocks = { redis: connection.clock, now };
  }

  /** The key of the stream of changes. Each has its number, the id, and the fields of the state by name. */
  get changes(): string {
    return this.#connection.key('changes');
  }

  /** The key of the stream of unfinished jobs that were read again, and had not changed. */
  get reads(): string {
    return this.#connection.key('reads');
  }

  /**
   * Reads these states, in their order, and claims those that have to be read from ICE. Those that are taken along come last. Up to
   * {@link CALLS_AT_ONCE} times {@link JOBS_OF_CALL} of them take one round trip.
   */
  async read(
    wanted: readonly WantedState[],
    { freshness, claimMs, alongMs, alongFollows = false }: ReadOptions,
  ): Promise<FoundState[]> {
    const { redis, now } = this.#clocks;
    const answers = await this.#inCalls(wanted, (part) => {
      const ahead = redis.latest() - now() + NEWER_MS;
      const values = part.flatMap(({ newerThan, purpose }) => [
        newerThan === undefined ? '' : Math.ceil(newerThan + ahead),
        purpose,
      ]);
      const { unfinishedMs, finishedMs, missingMs } = freshness;
      const [limit, clients] = (claimMs > 0 && this.#starts?.values) || ['', 1];
      const fixed = [
        this.#connection.replicaId,
        Math.ceil(redis.latest()),
        claimMs,
        unfinishedMs,
        finishedMs,
        missingMs,
        alongMs ?? '',
        part.at(-1) === wanted.at(-1) && !alongFollows ? 1 : 0,
        limit,
        clients,
      ];
      return this.#look(part, [...fixed, ...values], claimMs > 0);
    });
    return answers.map((answer) => {
      const [standing, ...fields] = Array.isArray(answer) ? (answer as unknown[]) : ['stale'];
      return {
        standing: isStanding(standing) ? standing : 'stale',
        entry: entryOfFields(fields, this.#clocks),
      };
    });
  }

  /**
   * Stores these states where they supersede those that are there.
   *
   * @returns what is stored of those that it knows more of
   */
  async write(entries: readonly (readonly [id: string, entry: JobEntry])[]): Promise<[string, JobEntry][]> {
    const answers = await this.#inCalls(entries, (part) => {
      const { replicaId } = this.#connection;
      const fixed = [MAX_CHANGES, this.#finishedTtlMs, UNFINISHED_TTL_MS, SETTLING_MS, replicaId];
      const values = part.flatMap(([id, entry]) => [id, ...fieldsOf(entry, this.#clocks)]);
      const keys = this.#keysOf(part.map(([id]) => ({ id })));
      return this.#call(
        WRITE,
        [this.changes, this.#connection.key('changes-count'), this.reads, ...keys],
        [...fixed, ...values],
      );
    });
    return entries.flatMap(([id], index) => {
      const answer = answers[index];
      const entry = Array.isArray(answer) ? entryOfFields(answer as unknown[], this.#clocks) : undefined;
      return entry === undefined ? [] : [[id, entry] satisfies [string, JobEntry]];
    });
  }

  /** Claims these jobs for so long from now on, or gives them up. Only those that this replica has claimed. */
  async claim(ids: readonly string[], forMs: number | undefined): Promise<void> {
    await this.#inCalls(
      ids.map((id) => ({ id })),
      async (part) => {
        const until = forMs === undefined ? '' : Math.ceil(this.#clocks.redis.latest()) + forMs;
        await this.#connection.call(CLAIMS, this.#keysOf(part), [this.#connection.replicaId, until]);
        return [];
      },
    );
  }

  /** What a change says. It is `undefined` when it cannot be read. */
  changeOf(
    fields: readonly string[],
  ): { readonly number: number; readonly id: string; readonly entry: JobEntry } | undefined {
    const values = new Map<string, string>();
    for (let place = 0; place + 1 < fields.length; place += 2)
      values.set(fields[place] ?? '', fields[place + 1] ?? '');
    const entry = entryOfFields(
      FIELD_NAMES.map((name) => values.get(name)),
      this.#clocks,
    );
    const id = values.get('id');
    return id === undefined || entry === undefined
      ? undefined
      : { number: Number(values.get('number')), id, entry };
  }

  /** The jobs that another replica has read again. There are none in what this one has told. */
  readsOf([, replica, ...pairs]: readonly string[]): ReadAgain[] {
    const { redis, now } = this.#clocks;
    if (replica === this.#connection.replicaId) return [];
    const behind = now() - redis.latest();
    const reads: ReadAgain[] = [];
    for (let place = 0; place + 1 < pairs.length; place += 2) {
      const [o = '', v = '', g = '', modifiedTime = ''] = pairs[place + 1]?.split(' ') ?? [];
      reads.push({
        id: pairs[place] ?? '',
        modifiedTime: modifiedTime || null,
        observedAt: localTime(o, behind),
        validatedAt: localTime(v, behind),
        lastGetAt: localTime(g, behind),
      });
    }
    return reads;
  }

  /** Runs the script that reads, which may take starts for what it claims. */
  async #look(
    part: readonly WantedState[],
    values: readonly (string | number)[],
    isToRead: boolean,
  ): Promise<unknown[]> {
    const [starts, sentAt] = [isToRead ? this.#starts : undefined, performance.now()];
    const own = ['leader', 'sweeper'].map((name) => this.#connection.key(name));
    // Without starts its keys are not used.
    const keys = [...own, ...(starts?.keys ?? [...own, ...own].slice(0, 3)), ...this.#keysOf(part)];
    const [taken, answers] = await this.#call(READ, keys, values);
    if (taken !== null) starts?.taken(taken, sentAt);
    return Array.isArray(answers) ? (answers as unknown[]) : [];
  }

  #keysOf(jobs: readonly { readonly id: string }[]): string[] {
    return jobs.map(({ id }) => this.#connection.key('job', id));
  }

  async #call(
    script: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown[]> {
    const answer = await this.#connection.call(script, keys, values);
    return Array.isArray(answer) ? (answer as unknown[]) : [];
  }

  async #inCalls<T>(
    jobs: readonly T[],
    call: (part: readonly T[]) => Promise<unknown[]>,
  ): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (let first = 0; first < jobs.length; first += CALLS_AT_ONCE * JOBS_OF_CALL) {
      const parts = Array.from({ length: CALLS_AT_ONCE }, (_, index) => {
        const start = first + index * JOBS_OF_CALL;
        return jobs.slice(start, start + JOBS_OF_CALL);
      }).filter(({ length }) => length > 0);
      answers.push(...(await Promise.all(parts.map(call))).flat(1));
    }
    return answers;
  }
}

const FIELD_NAMES = ['o', 'v', 'g', 'a', 's', 'n', 'm', 'u', 'j'] as const;

function isStanding(value: unknown): value is Standing {
  return STANDINGS.some((standing) => standing === value);
}
