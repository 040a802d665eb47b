import type { IceClient } from '../../ice/client.ts';
import type { IceJob } from '../../ice/decode.ts';
import { IceError } from '../../ice/errors.ts';
import type { IceSubmission } from '../../ice/submission.ts';
import { ForbiddenError } from '../errors.ts';
import { observed, type PackageJob } from '../model.ts';
import type { JobStore, ReadContext } from '../store/store.ts';
import { readSubmission, type SubmissionArgument } from './submission.ts';

/**
 * Submits a job and gives its first known state. That is the state as ICE shows it. Where ICE cannot show it yet, it is the
 * state as submitted.
 *
 * @throws {ForbiddenError} when this gateway submits nothing
 * @throws {InputError} before any call of ICE
 * @throws {IceError} when ICE has not, or may not have, accepted the job; never once it has
 */
export type SubmitJob = (input: SubmissionArgument, context: ReadContext) => Promise<PackageJob>;

export interface SubmitJobOptions {
  readonly ice: Pick<IceClient, 'submitPackageJob'>;
  readonly store: Pick<JobStore, 'get' | 'ingest'>;
  readonly isAllowed: boolean;
}

export function createSubmitJob({ ice, store, isAllowed }: SubmitJobOptions): SubmitJob {
  return async (input, context) => {
    if (!isAllowed) {
      throw new ForbiddenError('This gateway submits no jobs; ALLOW_SUBMIT=true turns that on');
    }
    const submission = readSubmission('input', input);
    const { value: id, observedAt } = await ice.submitPackageJob(submission, context);
    const accepted = acceptedJob(id, submission);
    store.ingest(id, { job: accepted, observedAt, source: 'submission' });
    const entry = await store.get(id, context, 'detail').catch((error: unknown) => {
      if (error instanceof IceError) return undefined;
      throw error;
    });
    const job = entry?.job ?? observed(accepted, observedAt);
    // A job that was just accepted has no package yet, so none is looked for.
    return { ...job, outputUrl: job.outputUrl ?? null };
  };
}

/** A job that ICE accepted and has not shown yet. It has all that ICE was told, and nothing that ICE decided since. */
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
