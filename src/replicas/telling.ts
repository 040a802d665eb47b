import { LRUCache } from 'lru-cache';
import type { SharedMemory } from '../jobs/source/job-source.ts';
import type { JobEntry } from '../jobs/store/entry.ts';
import type { Connection } from './connection.ts';
import type { SharedStates } from './states.ts';

/** The most jobs that are remembered of which Redis could not be told. */
const MAX_UNTOLD = 10_000;

export interface TellingOptions {
  readonly connection: Pick<Connection, 'mode'>;
  readonly states: Pick<SharedStates, 'write'>;
  readonly memory: Pick<SharedMemory, 'peek' | 'adopt'>;
}

/** Tells Redis what this replica has read, all of one turn of the event loop together. */
export class Telling {
  readonly #options: TellingOptions;
  readonly #pending = new Map<string, JobEntry>();
  /** Jobs that were read while Redis could not be told. */
  readonly #untold = new LRUCache<string, true>({ max: MAX_UNTOLD });

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** Tells what is known of a job by now. Nobody waits for it. */
  tell(id: string, entry: JobEntry): void {
    if (this.#options.connection.mode === 'alone') {
      this.#untold.set(id, true);
      return;
    }
    if (this.#pending.size === 0) {
      setImmediate(() => {
        const entries = [...this.#pending];
        this.#pending.clear();
        void this.#write(entries);
      });
    }
    this.#pending.set(id, entry);
  }

  /** Tells what memory knows of these, and of all that Redis could not be told of before. It never throws. */
  async tellAgain(ids: Iterable<string>): Promise<void> {
    const all = new Set([...ids, ...this.#untold.keys()]);
    this.#untold.clear();
    const entries = [...all].flatMap((id) => {
      const entry = this.#options.memory.peek(id);
      return entry === undefined ? [] : [[id, entry] as const];
    });
    await this.#write(entries);
  }

  async #write(entries: readonly (readonly [id: string, entry: JobEntry])[]): Promise<void> {
    const { states, memory } = this.#options;
    try {
      const better = await states.write(entries);
      for (const [id, entry] of better) if (memory.peek(id) !== undefined) memory.adopt(id, entry);
    } catch {
      for (const [id] of entries) this.#untold.set(id, true);
    }
  }
}
