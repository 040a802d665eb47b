import type { FilterArgument, JobUpdateStream, SubmissionArgument, WaitUntil } from '../jobs/jobs.ts';
import type { PackageJob } from '../jobs/model.ts';
import type { Loaders } from '../loaders/loaders.ts';

/** What resolvers work with, for the length of one operation. */
export interface OperationContext {
  readonly loaders: Loaders;
  /** The job with this id, after a wait where one is asked for. */
  readonly packageJob: (id: string, wait: WaitArgument | null | undefined) => Promise<PackageJob | null>;
  /** The states of these jobs as they come. */
  readonly watchJobs: (ids: readonly string[]) => JobUpdateStream;
  /** The changes of all jobs that match, or matched before, from now on. */
  readonly watchAllJobs: (filter: FilterArgument | null | undefined) => JobUpdateStream;
  /** Submits a job and gives its first known state. */
  readonly submitPackageJob: (input: SubmissionArgument) => Promise<PackageJob>;
  /** Milliseconds until another read of the job can be worth its cost. It is `null` once the job has finished. */
  readonly pollAfterMs: (job: PackageJob) => number | null;
  /** Whoever sends the operation. */
  readonly viewer: () => Viewer;
}

/** What whoever sends an operation may do, and with what. */
export interface Viewer {
  readonly canSubmit: boolean;
  readonly upstream: UpstreamKind;
}

/** What is behind the gateway: `Upstream` of the schema. */
export type UpstreamKind = 'ICE' | 'EMULATOR';

/** `PackageJobWait` of the schema, before it is checked. */
export interface WaitArgument {
  readonly until: WaitUntil;
  readonly timeoutSeconds: number;
}
