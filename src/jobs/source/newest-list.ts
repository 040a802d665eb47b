import { abort, onAbort } from '../../abort.ts';
import { Askers } from '../../ice/askers.ts';
import type { CallContext, IceClient, ListQuery } from '../../ice/client.ts';
import type { IceJob } from '../../ice/decode.ts';
import { MAX_JOBS } from '../input.ts';
import { isFinished } from '../model.ts';
import { Luck } from './luck.ts';
import { payerOf, sharedContext, type SharedRead } from './shared-context.ts';
import { FEW, PAGE_TIMEOUT_MS } from './unfinished-list.ts';

/** A job on a page. */
export interface Listed {
  readonly job: IceJob;
  /** When the call that listed it began, in milliseconds since 1970. */
  readonly observedAt: number;
  /** The `turnKey` of the read whose receipt has that call. */
  readonly payer: object | undefined;
}

/** What pages of the newest jobs showed. */
export interface NewestList {
  /** The wanted jobs that are on the pages, by id. */
  readonly jobs: ReadonlyMap<string, Listed>;
  /** All jobs on the pages, for those who began the listing. It is empty for those who joined. */
  readonly all: ReadonlyMap<string, Listed>;
}

/** A read of a job of which nothing is known. */
export interface NewestRead extends SharedRead {
  readonly id: string;
}

export interface NewestListsOptions {
  readonly ice: Pick<IceClient, 'listPackageJobs'>;
  /** The oldest state of an unfinished job that a read may bring which begins now, in milliseconds. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/** The most pages that stand in for gets. */
const MAX_PAGES = 20;

const NONE: ReadonlyMap<string, Listed> = new Map();

/** Some reads that wait for the same pages. */
interface Reader {
  readonly wanted: ReadonlySet<string>;
  readonly context: CallContext;
  readonly payer: object | undefined;
  /** Unfinished jobs that were observed before this are too old for it, in milliseconds since 1970. */
  readonly since: number;
  /** The wanted jobs that were found. */
  readonly jobs: Map<string, Listed>;
  readonly resolve: (list: NewestList) => void;
  readonly reject: (error: unknown) => void;
  /** Gives its places in the call budget up. */
  readonly leave: () => void;
}

/**
 * Lists the account's newest jobs, whatever their state, page by page. It goes on for as long as a page shows more than a few of
 * the wanted ids, and more than a few are missing.
 *
 * Reads that come while pages are read share them: they are given what the pages before have shown, and wait for the next
 * ones. So many requests that come together cost the pages of one.
 *
 * Where the newest jobs are none of those wanted, listing {@link isWorthATry} less and less often.
 */
export class NewestLists {
  readonly #options: NewestListsOptions;
  readonly #luck: Luck;
  #walk: Walk | undefined;

  constructor(options: NewestListsOptions) {
    this.#options = options;
    this.#luck = new Luck(options.now);
  }

  get isWorthATry(): boolean {
    return this.#luck.isWorthATry;
  }

  /** @throws {IceError} when the first page fails. A later failure ends the listing */
  list(reads: readonly NewestRead[]): Promise<NewestList> {
    const { promise, resolve, reject } = Promise.withResolvers<NewestList>();
    const walk = this.#walk ?? this.#begin();
    walk.join(reads, resolve, reject);
    return promise;
  }

  #begin(): Walk {
    const walk = new Walk(this.#options);
    this.#walk = walk;
    // Those who begin it join before its first page is asked for.
    void Promise.resolve()
      .then(() => walk.run())
      .then(({ found, pages }) => {
        this.#walk = undefined;
        // A list and its check have to save more than they cost.
        if (found > pages + 1) this.#luck.hit();
        else if (pages > 0) this.#luck.miss();
        return undefined;
      });
    return walk;
  }
}

/** Pages that are read one after the other, for as long as anybody wants more of them. */
class Walk {
  readonly #options: NewestListsOptions;
  readonly #readers = new Set<Reader>();
  readonly #jobs = new Map<string, Listed>();
  readonly #askers = new Askers();
  readonly #controller = new AbortController();
  #first: Reader | undefined;
  #pages = 0;
  /** How many of the ids that were wanted are on the pages. */
  #found = 0;

  constructor(options: NewestListsOptions) {
    this.#options = options;
  }

  join(reads: readonly NewestRead[], resolve: Reader['resolve'], reject: Reader['reject']): void {
    const context = sharedContext(reads);
    const giveUp = this.#askers.addAll(context.askers ?? { each: (admit) => admit(context) });
    const reader: Reader = {
      wanted: new Set(reads.map(({ id }) => id)),
      context,
      payer: payerOf(reads)?.context.turnKey,
      since: this.#options.now() - this.#options.maxAgeMs,
      jobs: new Map(),
      resolve,
      reject,
      leave: () => {
        giveUp();
        this.#readers.delete(reader);
      },
    };
    this.#readers.add(reader);
    this.#first ??= reader;
    onAbort(context.signal, () => this.#abandon(reader));
    for (const listed of this.#jobs.values()) this.#show(reader, listed);
    if (this.#pages > 0 && isServed(reader)) this.#end(reader);
  }

  /** Reads pages. It never throws. */
  async run(): Promise<{ readonly found: number; readonly pages: number }> {
    const tokens = new Set<string>();
    let token: string | null = null;
    while (this.#readers.size > 0 && this.#pages < MAX_PAGES) {
      const page = await this.#readPage(token);
      if (page === undefined) break;
      token = page.nextPageToken;
      if (token === null || tokens.has(token)) break;
      tokens.add(token);
    }
    for (const reader of this.#readers) this.#end(reader);
    return { found: this.#found, pages: this.#pages };
  }

  async #readPage(token: string | null): Promise<{ readonly nextPageToken: string | null } | undefined> {
    const query: ListQuery = {
      orderBy: 'CreateTimeDesc',
      pageSize: MAX_JOBS,
      ...(token === null ? {} : { nextPageToken: token }),
    };
    const payer = payerOf([...this.#readers]);
    try {
      const { value, observedAt } = await this.#options.ice.listPackageJobs(query, this.#contextOf(payer));
      this.#pages += 1;
      const before = new Map([...this.#readers].map((reader) => [reader, reader.jobs.size]));
      for (const job of value.jobs) {
        const listed = { job, observedAt, payer: payer?.payer };
        this.#jobs.set(job.id, listed);
        for (const reader of this.#readers) this.#show(reader, listed);
      }
      for (const [reader, found] of before)
        if (isServed(reader) || reader.jobs.size - found <= FEW) this.#end(reader);
      return value;
    } catch (error) {
      if (this.#pages === 0) for (const reader of this.#readers) this.#fail(reader, error);
      return undefined;
    }
  }

  /** All who wait ask for a page together, as an operation of their own. */
  #contextOf(payer: Reader | undefined): CallContext {
    return {
      signal: AbortSignal.any([this.#controller.signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]),
      client: payer?.context.client ?? '',
      turnKey: this.#controller,
      askers: this.#askers,
      onCall: (call) => payer?.context.onCall(call),
    };
  }

  #show(reader: Reader, listed: Listed): void {
    const { job, observedAt } = listed;
    if (!reader.wanted.has(job.id) || reader.jobs.has(job.id)) return;
    if (!isFinished(job) && observedAt < reader.since) return;
    reader.jobs.set(job.id, listed);
    this.#found += 1;
  }

  #end(reader: Reader): void {
    reader.leave();
    reader.resolve({ jobs: reader.jobs, all: reader === this.#first ? this.#jobs : NONE });
  }

  #fail(reader: Reader, error: unknown): void {
    reader.leave();
    reader.reject(error);
  }

  /** Nobody waits for these reads any more. */
  #abandon(reader: Reader): void {
    if (!this.#readers.has(reader)) return;
    this.#end(reader);
    if (this.#readers.size === 0) abort(this.#controller);
  }
}

function isServed({ wanted, jobs }: Reader): boolean {
  return wanted.size - jobs.size <= FEW;
}
