import type { PackageJob } from '../jobs/model.ts';
import type { SubmissionArgument } from '../jobs/submission.ts';
import type { JobUpdates } from '../jobs/updates.ts';
import type { WaitUntil } from '../jobs/wait.ts';
import type { Loaders } from '../loaders/loaders.ts';

/** What resolvers are given, for the length of one operation. */
export interface OperationContext {
  readonly loaders: Loaders;
  /** The job with this id, after a wait where one is asked for. */
  readonly packageJob: (id: string, wait: WaitArgument | null | undefined) => Promise<PackageJob | null>;
  /** The states of these jobs as they come. */
  readonly watchJobs: (ids: readonly string[]) => JobUpdates;
  /** Submits a job and gives its first known state. */
  readonly submitPackageJob: (input: SubmissionArgument) => Promise<PackageJob>;
  /** Milliseconds until another read of the job can be worth its cost; `null` once it has finished. */
  readonly pollAfterMs: (job: PackageJob) => number | null;
}

/** `PackageJobWait` of the schema, not checked yet. */
export interface WaitArgument {
  readonly until: WaitUntil;
  readonly timeoutSeconds: number;
}
