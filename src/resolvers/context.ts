import type { PackageJob, PollInterval } from '../jobs/model.ts';
import type { SubmissionArgument } from '../jobs/submission.ts';
import type { Loaders } from '../loaders/loaders.ts';

/** What resolvers are given, for the length of one operation. */
export interface OperationContext {
  readonly loaders: Loaders;
  /** Submits a job and gives its first known state. */
  readonly submitPackageJob: (input: SubmissionArgument) => Promise<PackageJob>;
  readonly pollInterval: PollInterval;
}
