import type { IceClient } from '../ice/client.ts';
import { isSameState, observed, type PollInterval } from '../jobs/model.ts';
import type {
  CreateJobSource,
  JobMemory,
  JobSource,
  Reading,
  SharedMemory,
} from '../jobs/source/job-source.ts';
import type { Distrust } from '../jobs/source/list-trust.ts';
import type { StartedJobs } from '../jobs/start-jobs.ts';
import type { Freshness, JobEntry } from '../jobs/store/entry.ts';
import type { LookForEnds } from '../jobs/watch/ends.ts';
import type { Scopes } from '../scopes.ts';
import { Changes } from './changes.ts';
import { Claims } from './claims.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import { Interest } from './interest.ts';
import { KnownPages } from './known-pages.ts';
import { shareDistrust } from './shared-distrust.ts';
import { shareLooks } from './shared-looks.ts';
import { SharedPages } from './shared-pages.ts';
import type { AdvanceStarts } from './shared-rates.ts';
import { SharedSource } from './shared-source.ts';
import { SharedStates, type ReadAgain } from './states.ts';
import { TakenAlong } from './taken-along.ts';
import { Telling } from './telling.ts';

export interface SharedJobsOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  /** Where starts of GetPackageJob calls are taken. @default they are asked for when they are due */
  readonly starts?: AdvanceStarts | undefined;
  readonly freshness: Freshness;
  readonly pollInterval: PollInterval;
  /** Limit of one read of a job that others want, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly now: () => number;
  readonly scopes?: Scopes | undefined;
}

/** A part of the interval, so that a replica that looks as often finds each time what another has just read. */
const FOLLOWED = 0.9;

/** What the domain of jobs uses of this replica. */
type LocalJobs = Pick<StartedJobs, 'unfinished' | 'isWanted'>;

/** The memory of this replica, once it is there. */
interface Local {
  readonly memory: SharedMemory;
  readonly telling: Telling;
  readonly source: SharedSource;
}

/** Jobs that several gateways read as one. It stands between the memory of this replica and ICE. */
export class SharedJobs {
  readonly #options: SharedJobsOptions;
  readonly #states: SharedStates;
  readonly #interest: Interest;
  /** Until when no replica uses lists. */
  readonly distrust: Distrust;
  #changes: Changes | undefined;
  #local: Local | undefined;
  #jobs: LocalJobs | undefined;

  constructor(options: SharedJobsOptions) {
    this.#options = options;
    const { connection, events, freshness, now, starts } = options;
    this.#states = new SharedStates(connection, freshness.finishedMs, now, starts);
    this.distrust = shareDistrust({ connection, events, now });
    this.#interest = new Interest({ connection, events, wanted: () => this.#wanted() });
  }

  /** Puts what is shared in front of a source that reads ICE. */
  source(createIce: (memory: JobMemory) => JobSource<Reading>): CreateJobSource {
    return (memory) => {
      const { connection, freshness, readTimeoutMs, now, scopes } = this.#options;
      const states = this.#states;
      const claims = new Claims(states);
      const telling = new Telling({ connection, states, memory });
      const found = (id: string, entry: JobEntry) => {
        telling.tell(id, entry);
        this.#local?.source.told(id, entry);
      };
      const along = new TakenAlong({
        connection,
        claims,
        interest: this.#interest,
        memory,
        freshness,
        share: found,
        readTimeoutMs,
      });
      memory.onIngest(found);
      const ice = createIce(along.memory);
      const given = { connection, states, claims, memory, ice, along, freshness, now, scopes };
      const source = new SharedSource(given);
      this.#local = { memory, telling, source };
      return source;
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
      followed: new SharedPages({ connection, ice, now, maxAgeMs: Math.ceil(FOLLOWED * pollInterval.minMs) }),
    };
  }

  /** Has ends looked for once for all replicas. */
  looks(look: LookForEnds): LookForEnds {
    const { connection, pollInterval } = this.#options;
    const pauseMs = Math.ceil(FOLLOWED * pollInterval.minMs);
    return shareLooks(look, { connection, interest: this.#interest, pauseMs });
  }

  /**
   * By which part of the jitter the next sweep is made earlier, from 0 to 1. Sweeps of the replica that came first are made early, so
   * that what is swept for all is still fresh for those who poll it. The others come after it, unless it has gone.
   */
  get jitter(): number {
    const spread = 0.2 * Math.random();
    return this.#local?.source.leads === true ? 1 - spread : 0.5 - spread;
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
        this.#local?.source.told(id, entry);
      },
      onRead: (read) => this.#renew(read),
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

  /** What is known here of a job is as new as another replica's read that showed the same. */
  #renew({ id, modifiedTime, ...times }: ReadAgain): void {
    const { memory, source } = this.#local ?? {};
    const known = memory?.peek(id);
    if (known?.job?.status !== 'INIT' || known.job.modifiedTime !== modifiedTime) return;
    const entry = { job: observed(known.job, times.observedAt), ...times };
    memory?.adopt(id, entry);
    source?.told(id, entry);
  }

  *#wanted(): Generator<string> {
    yield* this.#jobs?.unfinished() ?? [];
    for (const [id] of this.#local?.memory.inDemand() ?? []) yield id;
  }
}

function isOneState({ job: a }: JobEntry, { job: b }: JobEntry): boolean {
  return a === null || b === null ? a === b : isSameState(a, b);
}
