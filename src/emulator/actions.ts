import { apiError, invalidParameter, missingParameter } from './errors.ts';
import type { JobQuery, JobRegistry } from './jobs.ts';
import type { JobSubmission } from './new-job.ts';
import { fromWireTime } from './wire.ts';
import type { IceAction, WireMedia } from './wire.ts';

type Parameters = ReadonlyMap<string, string>;

/** The members that an action adds to a response. Every response also has a RequestId. */
export type ActionResult = Readonly<Record<string, unknown>>;

export interface ActionOptions {
  readonly jobs: JobRegistry;
  /** The time of the emulator's clock, in milliseconds since the epoch. */
  readonly now: number;
  /** ListPackageJobs shows the jobs as they were this many milliseconds ago. */
  readonly listLagMs: number;
}

/** @throws {ApiError} when a parameter is missing or invalid, or when the job does not exist */
export function performAction(
  action: IceAction,
  parameters: Parameters,
  options: ActionOptions,
): ActionResult {
  return ACTIONS[action](parameters, options);
}

const ACTIONS: Readonly<Record<IceAction, (parameters: Parameters, options: ActionOptions) => ActionResult>> =
  {
    GetPackageJob: getPackageJob,
    ListPackageJobs: (parameters, { jobs, now, listLagMs }) => ({
      PackageJobList: jobs.list(readQuery(parameters), now - listLagMs),
    }),
    SubmitPackageJob: (parameters, { jobs }) => ({ JobId: jobs.submit(readSubmission(parameters)) }),
  };

function getPackageJob(parameters: Parameters, { jobs, now }: ActionOptions): ActionResult {
  const job = jobs.get(required(parameters, 'JobId'), now);
  if (job !== undefined) return { PackageJob: job };
  if (jobs.unknownJob === 'absent') return {};
  throw apiError(jobs.unknownJob);
}

function readQuery(parameters: Parameters): JobQuery {
  return {
    jobId: optional(parameters, 'JobId'),
    status: oneOf(parameters, 'Status', ['Init', 'Success', 'Fail']),
    createdFrom: time(parameters, 'StartOfCreateTime'),
    createdTo: time(parameters, 'EndOfCreateTime'),
    order: oneOf(parameters, 'OrderBy', ['CreateTimeDesc', 'CreateTimeAsc']),
    pageSize: pageSize(parameters),
    pageToken: optional(parameters, 'NextPageToken'),
  };
}

function readSubmission(parameters: Parameters): JobSubmission {
  const inputs = readInputs(required(parameters, 'Inputs'));
  const output = readMedia('Output', parseJson('Output', required(parameters, 'Output')));
  const schedule = readSchedule(optional(parameters, 'ScheduleConfig'));
  const [name, userData] = [optional(parameters, 'Name'), optional(parameters, 'UserData')];
  return {
    inputs,
    output,
    ...schedule,
    ...(name !== undefined && { name }),
    ...(userData !== undefined && { userData }),
  };
}

function readInputs(text: string): WireMedia[] {
  const inputs = parseJson('Inputs', text);
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw invalidParameter('Inputs', 'It must be a JSON array with at least one item.');
  }
  return inputs.map((item: unknown) => {
    if (!isRecord(item)) throw invalidParameter('Inputs', 'Each item must be an object with a member Input.');
    return readMedia('Inputs', item['Input']);
  });
}

function readMedia(name: string, value: unknown): WireMedia {
  if (!isRecord(value)) throw invalidParameter(name, 'It needs an object with Type and Media.');
  const { Type: type, Media: media } = value;
  if (type !== 'OSS' && type !== 'Media') throw invalidParameter(name, 'Type must be OSS or Media.');
  if (typeof media !== 'string' || media === '') throw invalidParameter(name, 'Media must be text.');
  if (type === 'OSS' && !/^(oss|https?):\/\/[^/]+\/./.test(media)) {
    throw invalidParameter(name, 'Media of type OSS must be an oss:// or http(s):// URL of an object.');
  }
  return { Type: type, Media: media };
}

function readSchedule(text: string | undefined): Pick<JobSubmission, 'pipelineId' | 'priority'> {
  if (text === undefined) return {};
  const value = parseJson('ScheduleConfig', text);
  if (!isRecord(value)) throw invalidParameter('ScheduleConfig', 'It must be a JSON object.');
  const { PipelineId: pipelineId, Priority: priority } = value;
  if (pipelineId !== undefined && (typeof pipelineId !== 'string' || pipelineId === '')) {
    throw invalidParameter('ScheduleConfig', 'PipelineId must be text.');
  }
  if (priority !== undefined && !isPriority(priority)) {
    throw invalidParameter('ScheduleConfig', 'Priority must be an integer from 1 to 10.');
  }
  return { ...(pipelineId !== undefined && { pipelineId }), ...(priority !== undefined && { priority }) };
}

function isPriority(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidParameter(name, 'It must be JSON text.');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Clients send an unset parameter as empty text, so empty text means absent. */
function optional(parameters: Parameters, name: string): string | undefined {
  return parameters.get(name) || undefined;
}

function required(parameters: Parameters, name: string): string {
  const value = optional(parameters, name);
  if (value === undefined) throw missingParameter(name);
  return value;
}

function oneOf<Choice extends string>(
  parameters: Parameters,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = optional(parameters, name);
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw invalidParameter(name, `It must be one of ${choices.join(', ')}.`);
  return choice;
}

function time(parameters: Parameters, name: string): number | undefined {
  const value = optional(parameters, name);
  if (value === undefined) return undefined;
  const at = fromWireTime(value);
  if (at === undefined) throw invalidParameter(name, 'It must be a UTC time such as 2022-07-01T00:00:00Z.');
  return at;
}

function pageSize(parameters: Parameters): number | undefined {
  const value = optional(parameters, 'PageSize');
  if (value === undefined) return undefined;
  if (!/^\d{1,3}$/.test(value) || Number(value) > 100) {
    throw invalidParameter('PageSize', 'It must be an integer from 0 to 100.');
  }
  return Number(value);
}
