import {
  supersedes,
  type JobEntry,
  type PackageJobConnection,
  type PackageJobsArguments,
} from '../jobs/jobs.ts';
import type { PackageJob } from '../jobs/model.ts';

/** How often a page is read again because another read of its operation has shown a later state of one of its jobs. */
const MAX_ROUNDS = 2;

/** A read that has ended. */
interface Ended {
  /** Whether what it brought cannot be shown beside what the others have brought. */
  readonly isOutdated: () => boolean;
  readonly readAgain: () => Promise<void>;
}

/**
 * Holds the results of an operation's reads until all of them have ended. So the operation shows one state of each job, which is
 * the latest that is known then. The response would wait for all of them anyway.
 */
export class OneState {
  readonly #peek: (id: string) => JobEntry | undefined;
  /** The latest state of each job that a read of the operation has brought. */
  readonly #read = new Map<string, JobEntry>();
  #running = 0;
  #ended: Ended[] = [];
  #rounds = 0;
  #all = Promise.withResolvers<undefined>();

  /** @param peek what memory has of an id, as the client may see it */
  constructor(peek: (id: string) => JobEntry | undefined) {
    this.#peek = peek;
  }

  /** Runs a read. Its result, or its failure, comes once all reads that run have ended. */
  async hold<T>(read: () => Promise<T>): Promise<T> {
    this.#running += 1;
    const result = await settled(read);
    const { promise } = this.#all;
    this.#end();
    await promise;
    if ('error' in result) throw result.error;
    return result.value;
  }

  /**
   * Runs a read of a page as {@link hold} does. Jobs are on the page while the filter holds for the state that is shown. If it
   * does not, the page is read again.
   */
  async holdPage(
    { filter }: PackageJobsArguments,
    read: () => Promise<PackageJobConnection>,
  ): Promise<PackageJobConnection> {
    this.#running += 1;
    const { promise } = this.#all;
    const readPage = async () => {
      const page = await read();
      for (const job of page.nodes) this.saw(job.id, entryOf(job));
      return page;
    };
    const isShown = (job: PackageJob | null): job is PackageJob =>
      job !== null && (filter?.status ?? job.status) === job.status;
    let result = await settled(readPage);
    this.#ended.push({
      isOutdated: () => 'value' in result && result.value.nodes.some(({ id }) => !isShown(this.latest(id))),
      async readAgain() {
        const again = await settled(readPage);
        if ('value' in again) result = again;
      },
    });
    this.#end();
    await promise;
    if ('error' in result) throw result.error;
    const { edges, pageInfo } = result.value;
    const shown = edges.flatMap(({ cursor, node: { id } }) => {
      const node = this.latest(id);
      return isShown(node) ? [{ cursor, node }] : [];
    });
    return { edges: shown, nodes: shown.map(({ node }) => node), pageInfo };
  }

  /** Is told of a state that a read of the operation has brought. */
  saw(id: string, entry: JobEntry): void {
    const known = this.#read.get(id);
    if (known === undefined || supersedes(entry, known)) this.#read.set(id, entry);
  }

  /** The latest entry of a job that a read of the operation has brought, or memory has got meanwhile. */
  latestEntry(id: string): JobEntry | undefined {
    const read = this.#read.get(id);
    const known = this.#peek(id);
    if (read === undefined || known === undefined) return read ?? known;
    return read === known || supersedes(known, read) ? known : read;
  }

  latest(id: string): PackageJob | null {
    return this.latestEntry(id)?.job ?? null;
  }

  #end(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    const outdated = this.#rounds < MAX_ROUNDS ? this.#ended.filter(({ isOutdated }) => isOutdated()) : [];
    if (outdated.length > 0) {
      this.#rounds += 1;
      this.#running = outdated.length;
      for (const { readAgain } of outdated) void readAgain().then(() => this.#end());
      return;
    }
    this.#ended = [];
    const { resolve } = this.#all;
    this.#all = Promise.withResolvers();
    resolve(undefined);
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(read: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error };
  }
}

/** A state that a page shows, as an entry. */
export function entryOf(job: PackageJob): JobEntry {
  return { job, observedAt: Date.parse(job.observedAt), validatedAt: 0, lastGetAt: 0 };
}
