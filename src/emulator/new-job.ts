import { randomUUID } from 'node:crypto';
import { believableDuration, believableOutcome } from './lifecycle.ts';
import type { Job, Outcome } from './lifecycle.ts';
import type { WireMedia, WirePackageJob } from './wire.ts';

/** What SubmitPackageJob takes. */
export interface JobSubmission {
  readonly inputs: readonly WireMedia[];
  readonly output: WireMedia;
  readonly name?: string;
  /** 32 hex. @default the emulator's own pipeline */
  readonly pipelineId?: string;
  /** 1 to 10, larger first. @default 6 */
  readonly priority?: number;
  readonly userData?: string;
}

/** A job with whatever matters to a test; the rest is filled in believably. Times in ms since the epoch. */
export interface NewJob extends Partial<JobSubmission> {
  /** @default 32 random lower-case hex characters */
  readonly jobId?: string;
  /** Further ids GetPackageJob and the JobId filter find it by. */
  readonly alsoKnownAs?: readonly string[];
  /** A job that is created in the future does not exist yet. @default now */
  readonly createTime?: number;
  /** `Infinity` = stays Init. @default 5 to 15 s after its creation, by its media */
  readonly finishTime?: number;
  /** @default Fail when the name of an input contains `missing` or `corrupt`, else Success */
  readonly outcome?: Outcome;
  /** @default API */
  readonly triggerSource?: string;
  /** Shown as Status whatever the clock says, such as Processing. */
  readonly statusText?: string;
  /** Members left out of every answer. */
  readonly omit?: readonly (keyof WirePackageJob)[];
  /** Shown as it stands in place of all other fields; `createTime` still places it in lists. */
  readonly verbatim?: WirePackageJob;
}

const defaults = {
  inputs: [{ Type: 'OSS', Media: 'oss://bucket/path/to/video.mp4' }],
  output: { Type: 'OSS', Media: 'oss://bucket/path/to/video.m3u8' },
  pipelineId: '36f3fee40aa047c0b067d0fb85ed4c1b',
  priority: 6,
} as const;

/** Fills in what a new job leaves open. */
export function createJob(job: NewJob, sequence: number, now: number): Job {
  const inputs = job.inputs ?? defaults.inputs;
  const output = job.output ?? defaults.output;
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
    pipelineId: job.pipelineId ?? defaults.pipelineId,
    priority: job.priority ?? defaults.priority,
    userData: job.userData,
    statusText: job.statusText,
    omit: job.omit ?? [],
    verbatim: job.verbatim,
  };
}
