import type { JobEntry } from '../jobs/store/entry.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import type { SharedStates } from './states.ts';

/** How long Redis waits for a change before it answers that there is none, in milliseconds. */
const BLOCK_MS = 2000;
/** The most changes that are read at once. */
const MAX_READ = 500;
/** The pause after a read that failed while the replica is not alone, in milliseconds. */
const PAUSE_MS = 100;

export interface ChangesOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly states: Pick<SharedStates, 'changes' | 'changeOf'>;
  /** Is told of each change, in order. */
  readonly onChange: (id: string, entry: JobEntry) => void;
  /** Is told when changes may have been missed. All that come after that are told. */
  readonly onMissed: () => void;
}

/** Reads the changes of all replicas, from the moment on at which this one joins. */
export class Changes {
  readonly #options: ChangesOptions;
  /** The reading that goes on. Another one begins each time that the replica joins. */
  #reading: object | undefined;
  readonly #begin = () => {
    const reading = {};
    this.#reading = reading;
    void this.#read(() => this.#reading === reading);
  };
  readonly #end = () => (this.#reading = undefined);

  constructor(options: ChangesOptions) {
    this.#options = options;
    const { connection, events } = options;
    events.on('joined', this.#begin).on('left', this.#end);
    if (connection.mode === 'joined') this.#begin();
  }

  close(): void {
    this.#options.events.off('joined', this.#begin).off('left', this.#end);
    this.#end();
  }

  async #read(isOn: () => boolean): Promise<void> {
    const { onMissed } = this.#options;
    let place: { readonly id: string; readonly number: number } | undefined;
    while (isOn()) {
      try {
        if (place === undefined) {
          place = await this.#last();
          if (isOn()) onMissed();
        } else place = await this.#next(place, isOn);
      } catch {
        if (isOn()) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
      }
    }
  }

  /** The place of the last change that there is. */
  async #last(): Promise<{ readonly id: string; readonly number: number }> {
    const { connection, states } = this.#options;
    const [last] = await connection.run('last change', (redis) =>
      redis.xrevrange(states.changes, '+', '-', 'COUNT', 1),
    );
    return last === undefined
      ? { id: '0-0', number: 0 }
      : { id: last[0], number: states.changeOf(last[1])?.number ?? 0 };
  }

  /** Reads on. @returns the place of the last change that was read */
  async #next(
    place: { readonly id: string; readonly number: number },
    isOn: () => boolean,
  ): Promise<{ readonly id: string; readonly number: number }> {
    const { connection, states, onChange, onMissed } = this.#options;
    const streams = await connection.block('changes', BLOCK_MS, (redis) =>
      redis.xread('COUNT', MAX_READ, 'BLOCK', BLOCK_MS, 'STREAMS', states.changes, place.id),
    );
    let { id, number } = place;
    let isMissed = false;
    for (const [changeId, fields] of streams?.[0]?.[1] ?? []) {
      if (!isOn()) break;
      const change = states.changeOf(fields);
      id = changeId;
      if (change === undefined) continue;
      // Redis may have been emptied, or have dropped what came between.
      isMissed ||= change.number !== number + 1;
      number = change.number;
      onChange(change.id, change.entry);
    }
    if (isMissed) onMissed();
    return { id, number };
  }
}
