import type { CallContext } from '../../ice/client.ts';
import type { IceJob } from '../../ice/decode.ts';
import type { Detail, JobEntry } from '../store/entry.ts';

/**
 * Which call read a state. `get`: GetPackageJob, the only authority for finished and missing jobs and for `outputUrl`.
 * `checked list`: a list that was checked on one job. `list`: a list that was not checked, and may lag. `submission`: what
 * SubmitPackageJob accepted, which reads may not show yet.
 */
export type ReadingSource = 'get' | 'checked list' | 'list' | 'submission';

/** What ICE said about an id, and when. */
export interface Reading {
  /** `null`: ICE does not know the id. */
  readonly job: IceJob | null;
  /** When the call that read it began, in milliseconds since 1970. */
  readonly observedAt: number;
  readonly source: ReadingSource;
  /** Whether the call also served another operation, whose receipt has it. */
  readonly isShared?: boolean;
}

/** What another replica has read of an id. */
export interface SharedState {
  readonly source: 'replica';
  /** Its times are by the clock of this replica. */
  readonly entry: JobEntry;
}

/** Where jobs are read from when memory does not do. */
export interface JobSource<Answer extends Reading | SharedState = Reading | SharedState> {
  /**
   * Reads one job. A source can put the reads of one turn of the event loop together, whichever operation they are for.
   *
   * @param detail `detail` asks for `outputUrl`, which lists leave out
   * @throws {IceError}
   */
  read(id: string, detail: Detail, context: CallContext): Promise<Answer>;
}

/** What a source may use of the memory in front of it. */
export interface JobMemory {
  /** The longest that the state of an unfinished job is served without asking ICE, in milliseconds. */
  readonly unfinishedMs: number;
  /** What is known of the id, however old. */
  peek(id: string): JobEntry | undefined;
  /** Unfinished jobs that are read more often than they expire, so that a list may as well refresh them. */
  inDemand(): readonly (readonly [id: string, entry: JobEntry])[];
  /** Stores a reading that nobody waits for. */
  ingest(id: string, reading: Reading): void;
}

/** What a source may use that shares with other replicas. */
export interface SharedMemory extends JobMemory {
  /** Takes over what another replica knows of an id, where that is later, or adds to the same state. */
  adopt(id: string, entry: JobEntry): void;
  /** Calls `listener` at once with what is known of an id whenever ICE has said something of it, new or not. */
  onIngest(listener: (id: string, entry: JobEntry) => void): void;
}

/** Makes the source of a memory. */
export type CreateJobSource = (memory: SharedMemory) => JobSource;
