import { randomUUID } from 'node:crypto';
import { believableDuration, believableOutcome } from './lifecycle.ts';
import type { Job, Outcome } from './lifecycle.ts';
import type { WireMedia, WirePackageJob } from './wire.ts';

/** The input of SubmitPackageJob. */
export interface JobSubmission {
  readonly inputs: readonly WireMedia[];
  readonly output: WireMedia;
  readonly name?: string;
  /** 32 hexadecimal characters. @default the emulator's own pipeline */
  readonly pipelineId?: string;
  /** 1 to 10. Larger numbers go first. @default 6 */
  readonly priority?: number;
  readonly userData?: string;
}

/** A job to add. A test sets what matters to it, and the rest has defaults. Times are milliseconds since the epoch. */
export interface NewJob extends Partial<JobSubmission> {
  /** @default 32 random lower-case hex characters */
  readonly jobId?: string;
  /** More ids by which GetPackageJob and the JobId filter find the job. */
  readonly alsoKnownAs?: readonly string[];
  /** With a time in the future, the job does not exist until then. @default now */
  readonly createTime?: number;
  /** `Infinity` means that the job stays Init. @default 5 to 15 s after `createTime`, depending on the media */
  readonly finishTime?: number;
  /** @default Fail when the name of an input contains `missing` or `corrupt`, else Success */
  readonly outcome?: Outcome;
  /** @default API */
  readonly triggerSource?: string;
  /** Shown as Status at any time, such as Processing. */
  readonly statusText?: string;
  /** Members that no response shows. */
  readonly omit?: readonly (keyof WirePackageJob)[];
  /** Shown unchanged instead of all other fields. `createTime` still decides the place in lists. */
  readonly verbatim?: WirePackageJob;
}

const DEFAULTS = {
  inputs: [{ Type: 'OSS', Media: 'oss://bucket/path/to/video.mp4' }],
  output: { Type: 'OSS', Media: 'oss://bucket/path/to/video.m3u8' },
  pipelineId: '36f3fee40aa047c0b067d0fb85ed4c1b',
  priority: 6,
} as const;

/** Makes a job, with defaults for what is not given. */
export function createJob(job: NewJob, sequence: number, now: number): Job {
  const inputs = job.inputs ?? DEFAULTS.inputs;
  const output = job.output ?? DEFAULTS.output;
  const createTime = Math.floor(job.createTime ?? now);
  return {
    jobId: job.jobId ?? randomUUID().replaceAll('-', ''),
    sequence,
    createTime,
    finishTime: job.finishTime ?? createTime + believableDuration(inputs, output),
    outcome: job.outcome ?? believableOutcome(inputs),
    triggerSource: job.triggerSource ?? 'API',
    name: job.name,
    inputs,
    output,
    pipelineId: job.pipelineId ?? DEFAULTS.pipelineId,
    priority: job.priority ?? DEFAULTS.priority,
    userData: job.userData,
    statusText: job.statusText,
    omit: job.omit ?? [],
    verbatim: job.verbatim,
  };
}
