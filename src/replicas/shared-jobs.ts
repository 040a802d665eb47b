import type { IceClient } from '../ice/client.ts';
import { isSameState, type PollInterval } from '../jobs/model.ts';
import type {
  CreateJobSource,
  JobMemory,
  JobSource,
  Reading,
  SharedMemory,
} from '../jobs/source/job-source.ts';
import type { StartedJobs } from '../jobs/start-jobs.ts';
import type { Freshness, JobEntry } from '../jobs/store/entry.ts';
import type { Scopes } from '../scopes.ts';
import { Changes } from './changes.ts';
import { Claims } from './claims.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import { Interest } from './interest.ts';
import { KnownPages } from './known-pages.ts';
import { SharedPages } from './shared-pages.ts';
import { SharedSource } from './shared-source.ts';
import { SharedStates } from './states.ts';
import { TakenAlong } from './taken-along.ts';
import { Telling } from './telling.ts';

export interface SharedJobsOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly freshness: Freshness;
  readonly pollInterval: PollInterval;
  /** Limit of one read of a job that others want, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly now: () => number;
  readonly scopes?: Scopes | undefined;
}

/** What the domain of jobs uses of this replica. */
type LocalJobs = Pick<StartedJobs, 'unfinished' | 'isWanted'>;

/** The memory of this replica, once it is there. */
interface Local {
  readonly memory: SharedMemory;
  readonly telling: Telling;
}

/** Jobs that several gateways read as one. It stands between the memory of this replica and ICE. */
export class SharedJobs {
  readonly #options: SharedJobsOptions;
  readonly #states: SharedStates;
  readonly #interest: Interest;
  #changes: Changes | undefined;
  #local: Local | undefined;
  #jobs: LocalJobs | undefined;

  constructor(options: SharedJobsOptions) {
    this.#options = options;
    const { connection, events, freshness, now } = options;
    this.#states = new SharedStates(connection, freshness.finishedMs, now);
    this.#interest = new Interest({ connection, events, wanted: () => this.#wanted() });
  }

  /** Puts what is shared in front of a source that reads ICE. */
  source(createIce: (memory: JobMemory) => JobSource<Reading>): CreateJobSource {
    return (memory) => {
      const { connection, freshness, readTimeoutMs, scopes } = this.#options;
      const states = this.#states;
      const claims = new Claims(states);
      const telling = new Telling({ connection, states, memory });
      const along = new TakenAlong({
        states,
        claims,
        interest: this.#interest,
        memory,
        freshness,
        share: (id, entry) => telling.tell(id, entry),
        readTimeoutMs,
      });
      memory.onIngest((id, entry) => telling.tell(id, entry));
      this.#local = { memory, telling };
      const ice = createIce(along.memory);
      return new SharedSource({ connection, states, claims, memory, ice, along, freshness, scopes });
    };
  }

  /** Where lists are read from. */
  pages(ice: Pick<IceClient, 'listPackageJobs'>): { listed: KnownPages; followed: SharedPages } {
    const { connection, pollInterval, now, freshness } = this.#options;
    return {
      listed: new KnownPages({
        connection,
        ice,
        states: this.#states,
        freshness,
        adopt: (id, entry) => this.#local?.memory.adopt(id, entry),
      }),
      // A part of the interval, so that a replica that looks as often finds each time what another has just read.
      followed: new SharedPages({ connection, ice, now, maxAgeMs: Math.ceil(0.9 * pollInterval.minMs) }),
    };
  }

  /** Begins to follow what other replicas read. */
  attach(jobs: LocalJobs): void {
    this.#jobs = jobs;
    const { connection, events } = this.#options;
    this.#changes = new Changes({
      connection,
      events,
      states: this.#states,
      onChange: (id, entry) => {
        if (jobs.isWanted(id)) this.#learn(id, entry);
      },
      // Redis is told what is known here of the jobs that somebody wants, and tells what it knows better.
      onMissed: () => void this.#local?.telling.tellAgain(this.#wanted()),
    });
  }

  /** Lets the other replicas forget what this one wanted. */
  async close(): Promise<void> {
    this.#changes?.close();
    await this.#interest.close();
  }

  #learn(id: string, entry: JobEntry): void {
    const { memory, telling } = this.#local ?? {};
    memory?.adopt(id, entry);
    const known = memory?.peek(id);
    // A Redis that was emptied has lost what is known here.
    if (known !== undefined && !isOneState(known, entry)) telling?.tell(id, known);
  }

  *#wanted(): Generator<string> {
    yield* this.#jobs?.unfinished() ?? [];
    for (const [id] of this.#local?.memory.inDemand() ?? []) yield id;
  }
}

function isOneState({ job: a }: JobEntry, { job: b }: JobEntry): boolean {
  return a === null || b === null ? a === b : isSameState(a, b);
}
