import type { IceClient } from '../ice/client.ts';
import type { IceJob } from '../ice/decode.ts';
import { IceError } from '../ice/errors.ts';
import type { IceSubmission } from '../ice/submission.ts';
import { ForbiddenError } from './forbidden.ts';
import { observed, type PackageJob } from './model.ts';
import type { JobStore, ReadContext } from './store.ts';
import { readSubmission, type SubmissionArgument } from './submission.ts';

/** Submits packaging jobs. */
export interface JobSubmitter {
  /**
   * Makes a job and gives its first known state, as ICE shows it or, where ICE cannot show it yet, as it was submitted.
   *
   * @throws {ForbiddenError} when this gateway submits nothing, {@link InputError} before any call of ICE, and
   *   {@link IceError} when ICE has not, or may not have, taken the job; never once it has
   */
  submit(input: SubmissionArgument, context: ReadContext): Promise<PackageJob>;
}

export interface JobSubmitterOptions {
  readonly ice: Pick<IceClient, 'submitPackageJob'>;
  readonly store: Pick<JobStore, 'get' | 'learn'>;
  readonly isAllowed: boolean;
}

export function createJobSubmitter({ ice, store, isAllowed }: JobSubmitterOptions): JobSubmitter {
  return {
    async submit(input, context) {
      if (!isAllowed) {
        throw new ForbiddenError('This gateway submits no jobs; ALLOW_SUBMIT=true turns that on');
      }
      const submission = readSubmission('input', input);
      const { value: id, observedAt } = await ice.submitPackageJob(submission, context);
      const accepted = acceptedJob(id, submission);
      store.learn(id, { job: accepted, observedAt, source: 'submission' });
      const read = await store.get(id, context, 'whole').catch((error: unknown) => {
        if (error instanceof IceError) return null;
        throw error;
      });
      const job = read ?? observed(accepted, observedAt);
      // What has just been accepted has no package yet, so none is looked for.
      return { ...job, outputUrl: job.outputUrl ?? null };
    },
  };
}

/** What ICE has accepted and not shown yet: all it was told, and nothing it has decided since. */
function acceptedJob(
  id: string,
  { inputs, output, name, pipelineId, priority, userData }: IceSubmission,
): IceJob {
  return {
    id,
    name,
    status: 'INIT',
    statusRaw: null,
    triggerSource: null,
    inputs,
    output,
    outputUrl: undefined,
    pipelineId,
    priority,
    code: null,
    message: null,
    submitTime: null,
    finishTime: null,
    createTime: null,
    modifiedTime: null,
    userData,
  };
}
