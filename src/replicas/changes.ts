import type { JobEntry } from '../jobs/store/entry.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import type { ReadAgain, SharedStates } from './states.ts';

/** How long Redis waits for a change before it answers that there is none, in milliseconds. */
const BLOCK_MS = 2000;
/** The most changes that are read at once. */
const MAX_READ = 500;
/** The pause after a read that failed while the replica is not alone, in milliseconds. */
const PAUSE_MS = 100;

export interface ChangesOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly states: Pick<SharedStates, 'changes' | 'changeOf' | 'reads' | 'readsOf'>;
  /** Is told of each change, in order. */
  readonly onChange: (id: string, entry: JobEntry) => void;
  /** Is told of each job that another replica has read again without a change, after all changes that were before it. */
  readonly onRead: (read: ReadAgain) => void;
  /** Is told when changes may have been missed. All that come after that are told. */
  readonly onMissed: () => void;
}

/** How far the streams were read. */
interface Place {
  readonly change: string;
  /** The number of the last change. */
  readonly number: number;
  readonly read: string;
}

/** Reads the changes of all replicas, and what they have read again, from the moment on at which this one joins. */
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
    let place: Place | undefined;
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

  /** The place of the last that there is. */
  async #last(): Promise<Place> {
    const { connection, states } = this.#options;
    const lastOf = (stream: string) =>
      connection.run('last change', (redis) => redis.xrevrange(stream, '+', '-', 'COUNT', 1));
    const [[change], [read]] = await Promise.all([lastOf(states.changes), lastOf(states.reads)]);
    return {
      change: change?.[0] ?? '0-0',
      number: change === undefined ? 0 : (states.changeOf(change[1])?.number ?? 0),
      read: read?.[0] ?? '0-0',
    };
  }

  /** Reads on. @returns the place of the last that was read */
  async #next(place: Place, isOn: () => boolean): Promise<Place> {
    const { connection, states, onChange, onRead, onMissed } = this.#options;
    const keys = [states.changes, states.reads] as const;
    const streams = await connection.block('changes', BLOCK_MS, (redis) =>
      redis.xread('COUNT', MAX_READ, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, place.change, place.read),
    );
    const entriesOf = (key: string) => streams?.find(([name]) => name === key)?.[1] ?? [];
    const [changes, reads] = [entriesOf(states.changes), entriesOf(states.reads)];
    let { change, number, read } = place;
    let isMissed = false;
    for (const [id, fields] of changes) {
      if (!isOn()) break;
      const told = states.changeOf(fields);
      change = id;
      if (told === undefined) continue;
      // Redis may have been emptied, or have dropped what came between.
      isMissed ||= told.number !== number + 1;
      number = told.number;
      onChange(told.id, told.entry);
    }
    if (isMissed) onMissed();
    // There may be more changes that were before these reads. They are read again then.
    if (changes.length === MAX_READ || !isOn()) return { change, number, read };
    for (const [id, fields] of reads) {
      read = id;
      for (const again of states.readsOf(fields)) onRead(again);
    }
    return { change, number, read };
  }
}
