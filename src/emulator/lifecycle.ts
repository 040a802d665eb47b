import { createHash } from 'node:crypto';
import { toWireTime } from './wire.ts';
import type { WireMedia, WirePackageJob } from './wire.ts';

/** How a job ends. `code` and `message` are for Fail. */
export interface Outcome {
  readonly status: 'Success' | 'Fail';
  readonly code?: string;
  readonly message?: string;
}

/** The data of a job. All times are milliseconds since the epoch. `Infinity` means never. */
export interface Job {
  readonly jobId: string;
  /** The position in the order of insertion. It sorts jobs that were created in the same millisecond. */
  readonly sequence: number;
  readonly createTime: number;
  readonly finishTime: number;
  readonly outcome: Outcome;
  readonly triggerSource: string;
  readonly name: string | undefined;
  readonly inputs: readonly WireMedia[];
  readonly output: WireMedia;
  readonly pipelineId: string;
  readonly priority: number;
  readonly userData: string | undefined;
  /** Shown as Status at any time. */
  readonly statusText: string | undefined;
  /** Members that no response shows. */
  readonly omit: readonly (keyof WirePackageJob)[];
  /** Shown unchanged instead of all members above. */
  readonly verbatim: WirePackageJob | undefined;
}

/**
 * The job as GetPackageJob shows it at a time. Its Status is Init until the finish time, then that of its outcome.
 *
 * This is a pure function of job and time. No timer changes a job, so a test that controls the clock controls the job.
 */
export function viewJob(job: Job, at: number): WirePackageJob {
  if (job.verbatim !== undefined) return job.verbatim;
  return without(describeJob(job, at, { withOutputUrl: true }), job.omit);
}

/** The job as ListPackageJobs shows it, which is without `OutputUrl`. */
export function viewListedJob(job: Job, at: number): WirePackageJob {
  if (job.verbatim !== undefined) return without(job.verbatim, ['OutputUrl']);
  return without(describeJob(job, at, { withOutputUrl: false }), job.omit);
}

/** The Status that {@link viewJob} shows. Empty when it shows none. */
export function statusOf(job: Job, at: number): string {
  if (job.verbatim !== undefined) return job.verbatim.Status ?? '';
  return job.statusText ?? (at >= job.finishTime ? job.outcome.status : 'Init');
}

function describeJob(job: Job, at: number, { withOutputUrl }: { withOutputUrl: boolean }): WirePackageJob {
  const finished = at >= job.finishTime;
  const createTime = toWireTime(job.createTime);
  const { status, code, message } = job.outcome;
  return {
    JobId: job.jobId,
    TriggerSource: job.triggerSource,
    ...(job.name !== undefined && { Name: job.name }),
    Inputs: job.inputs.map((input) => ({ Input: input })),
    Output: job.output,
    ...(withOutputUrl && finished && status === 'Success' && { OutputUrl: outputUrl(job) }),
    PipelineId: job.pipelineId,
    Priority: job.priority,
    Status: statusOf(job, at),
    ...(finished && code !== undefined && { Code: code }),
    ...(finished && message !== undefined && { Message: message }),
    SubmitTime: createTime,
    ...(finished && { FinishTime: toWireTime(job.finishTime) }),
    ...(job.userData !== undefined && { UserData: job.userData }),
    CreateTime: createTime,
    ModifiedTime: finished ? toWireTime(job.finishTime) : createTime,
  };
}

/** 5 to 15 s, in milliseconds. The same media always give the same duration. */
export function believableDuration(inputs: readonly WireMedia[], output: WireMedia): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([inputs, output]))
    .digest();
  return 5_000 + (digest.readUInt32BE() % 10_001);
}

/** Fail when the name of an input contains `missing` or `corrupt`, else Success. */
export function believableOutcome(inputs: readonly WireMedia[]): Outcome {
  const names = inputs.map(({ Media }) => Media).join('\n');
  if (names.includes('missing')) {
    return { status: 'Fail', code: 'ResourceNotFound', message: 'The specified input file does not exist.' };
  }
  if (names.includes('corrupt')) {
    return { status: 'Fail', code: 'InvalidParameter', message: 'Resource content bad.' };
  }
  return { status: 'Success' };
}

function outputUrl({ jobId, output }: Job): string {
  const [, bucket, key] = /^oss:\/\/([^/]+)\/(.+)$/.exec(output.Media) ?? [];
  if (bucket !== undefined && key !== undefined) {
    return `http://${bucket}.oss-cn-shanghai.aliyuncs.com/${encodeURI(key)}`;
  }
  if (output.Type === 'OSS') return output.Media;
  return `http://outin-${output.Media}.oss-cn-shanghai.aliyuncs.com/${jobId}.m3u8`;
}

function without(view: WirePackageJob, names: readonly string[]): WirePackageJob {
  if (names.length === 0) return view;
  return Object.fromEntries(Object.entries(view).filter(([name]) => !names.includes(name)));
}
