import { XMLParser } from 'fast-xml-parser';
import { isJsonObject } from '../json-object.ts';
import {
  exactText,
  listOf,
  memberReader,
  namesOf,
  structureOf,
  unwrapped,
  withNames,
  type Members,
  type ReportViolation,
} from './members.ts';

export type { ContractViolation, ReportViolation } from './members.ts';

/** The status of a packaging job. UNKNOWN is any text that ICE does not document. */
export type JobStatus = 'INIT' | 'SUCCESS' | 'FAIL' | 'UNKNOWN';
export type TriggerSource = 'API' | 'WORK_FLOW' | 'CONSOLE' | 'UNKNOWN';
export type MediaType = 'OSS' | 'MEDIA' | 'UNKNOWN';

/** A media file as ICE names it. */
export interface IceMedia {
  readonly type: MediaType;
  readonly media: string | null;
}

/**
 * A packaging job as ICE sent it. Each member is checked. An absent or wrongly typed member is `null`. An input that cannot be
 * read is UNKNOWN, with `null` for its media.
 *
 * Times are RFC 3339 text in UTC. `outputUrl` is `undefined` where ICE does not send it. Lists do not have it.
 */
export interface IceJob {
  readonly id: string;
  readonly name: string | null;
  readonly status: JobStatus;
  readonly statusRaw: string | null;
  readonly triggerSource: TriggerSource | null;
  readonly inputs: readonly IceMedia[];
  readonly output: IceMedia | null;
  readonly outputUrl: string | null | undefined;
  readonly pipelineId: string | null;
  readonly priority: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly submitTime: string | null;
  readonly finishTime: string | null;
  readonly createTime: string | null;
  readonly modifiedTime: string | null;
  readonly userData: string | null;
}

/** One page of a list. `nextPageToken` is `null` on the last page. */
export interface IceJobPage {
  readonly jobs: readonly IceJob[];
  readonly nextPageToken: string | null;
}

/** What every response of ICE, good or bad, says about itself. */
export interface Envelope {
  /** The whole body. It is `undefined` when the body is no JSON or XML object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
  readonly requestId: string | undefined;
  readonly upstreamCode: string | undefined;
  /** Whether it has a `Code` other than those of success, even one that must not be shown. */
  readonly isRefusal: boolean;
}

/** Values of `Code` in lower case that refuse nothing. The official clients know the same ones. */
const SUCCESS_CODES: ReadonlySet<unknown> = new Set([200, '200', 'ok', 'success']);

/** Members of the envelope, and those that hold the rest. */
const ENVELOPE_NAMES = namesOf(['Code', 'RequestId', 'PackageJob', 'PackageJobList', 'JobId']);

const xml = new XMLParser({ parseTagValue: false });

/** Reads a body that may be anything: JSON, an XML error, HTML, cut off, empty. It never throws. */
export function decodeEnvelope(body: string): Envelope {
  const sent = parseJsonObject(body) ?? parseXmlError(body);
  const members = sent && withNames(sent, ENVELOPE_NAMES, '', () => undefined);
  const code = members?.['Code'];
  const requestId = members?.['RequestId'];
  return {
    members,
    isRefusal:
      code !== undefined &&
      code !== null &&
      !SUCCESS_CODES.has(typeof code === 'string' ? code.toLowerCase() : code),
    upstreamCode: codeText(code),
    requestId: typeof requestId === 'string' && /^[\w-]{1,64}$/.test(requestId) ? requestId : undefined,
  };
}

/** A code such as `Throttling.User`. Bodies can echo what we sent, keys included, so only what looks like a code passes. */
export function codeText(code: unknown): string | undefined {
  return typeof code === 'string' && /^[A-Za-z][\w.-]{0,127}$/.test(code) ? code : undefined;
}

function parseJsonObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `<Error><RequestId/><HostId/><Code/><Message/></Error>`. The API gateway in front of some products sends it. */
function parseXmlError(body: string): Record<string, unknown> | undefined {
  if (!body.trimStart().startsWith('<')) return undefined;
  try {
    const value: unknown = xml.parse(body);
    const error = isJsonObject(value) ? value['Error'] : undefined;
    return isJsonObject(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The job in a response of GetPackageJob. It is `null` when the response has no job, and `undefined` when the response is
 * not what ICE documents.
 */
export function decodeJobResponse(members: Members, report: ReportViolation): IceJob | null | undefined {
  const sent = structureOf(members['PackageJob'] ?? findJob(members, report), 'PackageJob', report);
  const value = unwrapped(sent, 'PackageJob', report);
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const job = withNames(value, JOB_NAMES, 'PackageJob', report);
  if ((job['JobId'] ?? '') === '') return null;
  return decodeJob(job, report);
}

const hasId = (value: unknown) => isJsonObject(value) && (value['JobId'] ?? '') !== '';

/** A job that other members hold, as responses about other kinds of jobs have it. `null` is none. */
function findJob(members: Members, report: ReportViolation): unknown {
  const found = hasId(members) ? members : Object.values(members).find(hasId);
  if (found !== undefined) report({ kind: 'other form', member: 'PackageJob' });
  return found ?? null;
}

/**
 * The page in a response of ListPackageJobs, or `undefined` when the response is not what ICE documents. A response with
 * nothing but a RequestId is an empty page: an account without jobs has no list.
 */
export function decodeListResponse(members: Members, report: ReportViolation): IceJobPage | undefined {
  const list = findList(members, report);
  if (list === undefined) return undefined;
  const named = withNames(list, LIST_NAMES, 'PackageJobList', report);
  const items =
    (named['PackageJobs'] ?? null) === null
      ? []
      : listOf(named['PackageJobs'], 'PackageJobList.PackageJobs', report);
  const token = exactText(named['NextPageToken'] ?? '', 'PackageJobList.NextPageToken', report);
  if (items === undefined || typeof token !== 'string' || !PAGE_TOKEN.test(token)) return undefined;
  const jobs = items.map((item) => decodeItem(item, report));
  // A job without an id cannot be shown. The others can.
  if (jobs.includes(undefined)) report({ kind: 'wrong type', member: 'PackageJobList.PackageJobs[]' });
  const unique = new Map(jobs.flatMap((job) => (job === undefined ? [] : [[job.id, job] as const])));
  return { jobs: [...unique.values()], nextPageToken: token === '' ? null : token };
}

function findList(members: Members, report: ReportViolation): Members | undefined {
  const list = structureOf(members['PackageJobList'] ?? null, 'PackageJobList', report);
  if (isJsonObject(list)) return list;
  if (list !== null) return undefined;
  // Lists of other kinds of jobs have their members here.
  const isHere = Object.keys(members).some((name) => LIST_NAMES.has(name.toLowerCase()));
  const isAnswer = typeof members['RequestId'] === 'string' && members['RequestId'] !== '';
  if (!isHere && !isAnswer) return undefined;
  report({ kind: 'other form', member: 'PackageJobList' });
  return isHere ? members : {};
}

/** A job of a list, which may be wrapped once more. */
function decodeItem(item: unknown, report: ReportViolation): IceJob | undefined {
  const value = structureOf(item, 'PackageJobList.PackageJobs[]', report);
  if (!isJsonObject(value)) return undefined;
  const job = withNames(value, JOB_NAMES, 'PackageJob', report);
  const [inner] = Object.values(value);
  const isWrapped = !Object.hasOwn(job, 'JobId') && Object.keys(value).length === 1 && isJsonObject(inner);
  if (isWrapped) report({ kind: 'other form', member: 'PackageJobList.PackageJobs[]' });
  return decodeJob(isWrapped ? withNames(inner, JOB_NAMES, 'PackageJob', report) : job, report);
}

/** The id in a response of SubmitPackageJob, or `undefined` when the response is not what ICE documents. */
export function decodeSubmitResponse(members: Members, report: ReportViolation): string | undefined {
  const id = exactText(members['JobId'], 'JobId', report);
  return typeof id === 'string' && JOB_ID.test(id) ? id : undefined;
}

/** The page tokens that a cursor can carry. ICE's own tokens are 32 hexadecimal characters. */
const PAGE_TOKEN = /^[\x20-\x7e]{0,1024}$/;

/** The ids that are accepted. ICE's own ids are 32 hexadecimal characters. */
const JOB_ID = /^[\x21-\x7e]{1,128}$/;

/** One job, or `undefined` when it has no usable JobId. */
function decodeJob(value: Members, report: ReportViolation): IceJob | undefined {
  const read = memberReader(value, 'PackageJob', report);
  const bare = unwrapped(value['JobId'], 'PackageJob.JobId', report);
  const exact = exactText(bare, 'PackageJob.JobId', report);
  const id = typeof exact === 'string' ? exact : read.text('JobId');
  if (id === null || !JOB_ID.test(id)) return undefined;
  const statusRaw = read.text('Status');
  return {
    id,
    name: read.text('Name'),
    status: read.enumOf('Status', STATUSES) ?? 'UNKNOWN',
    statusRaw,
    triggerSource: read.enumOf('TriggerSource', TRIGGER_SOURCES),
    inputs: decodeInputs(value['Inputs'], report),
    output: decodeMedia(value['Output'], 'PackageJob.Output', report),
    outputUrl: Object.hasOwn(value, 'OutputUrl') ? read.url('OutputUrl') : undefined,
    pipelineId: read.text('PipelineId'),
    priority: read.integer('Priority'),
    code: read.text('Code'),
    message: read.text('Message'),
    submitTime: read.time('SubmitTime'),
    finishTime: read.time('FinishTime'),
    createTime: read.time('CreateTime'),
    modifiedTime: read.time('ModifiedTime'),
    userData: read.text('UserData'),
  };
}

const JOB_NAMES = namesOf([
  'JobId',
  'Name',
  'Status',
  'TriggerSource',
  'Inputs',
  'Output',
  'OutputUrl',
  'PipelineId',
  'Priority',
  'Code',
  'Message',
  'SubmitTime',
  'FinishTime',
  'CreateTime',
  'ModifiedTime',
  'UserData',
]);
const LIST_NAMES = namesOf(['PackageJobs', 'NextPageToken']);
const MEDIA_NAMES = namesOf(['Input', 'Type', 'Media']);

const STATUSES: ReadonlyMap<string, JobStatus> = new Map([
  ['Init', 'INIT'],
  ['Success', 'SUCCESS'],
  ['Fail', 'FAIL'],
]);
const TRIGGER_SOURCES: ReadonlyMap<string, TriggerSource> = new Map([
  ['API', 'API'],
  ['WorkFlow', 'WORK_FLOW'],
  ['Console', 'CONSOLE'],
]);
const MEDIA_TYPES: ReadonlyMap<string, MediaType> = new Map([
  ['OSS', 'OSS'],
  ['Media', 'MEDIA'],
]);

/** An input that cannot be read. Left out, it would read as a job with fewer inputs. */
const UNREADABLE: IceMedia = { type: 'UNKNOWN', media: null };

/** `Inputs` is a list of `{ Input: { Type, Media } }`. The inner level may be missing, and so may the list around one input. */
function decodeInputs(value: unknown, report: ReportViolation): readonly IceMedia[] {
  if (isNothing(value)) return [];
  const items = listOf(value, 'PackageJob.Inputs', report);
  if (items !== undefined) return items.flatMap((item) => decodeInput(item, report));
  const only = structureOf(value, 'PackageJob.Inputs', () => undefined);
  report({ kind: isJsonObject(only) ? 'other form' : 'wrong type', member: 'PackageJob.Inputs' });
  return isJsonObject(only) ? decodeInput(only, report) : [UNREADABLE];
}

/** One input, or none when nothing is there. */
function decodeInput(item: unknown, report: ReportViolation): readonly IceMedia[] {
  const value = structureOf(item, 'PackageJob.Inputs[]', report);
  if (isNothing(value)) return [];
  const named = isJsonObject(value) ? withNames(value, MEDIA_NAMES, 'PackageJob.Inputs[]', report) : {};
  const isBare = !Object.hasOwn(named, 'Input') && Object.hasOwn(named, 'Media');
  if (isBare) report({ kind: 'other form', member: 'PackageJob.Inputs[]' });
  else if (!Object.hasOwn(named, 'Input')) report({ kind: 'wrong type', member: 'PackageJob.Inputs[]' });
  else if ((named['Input'] ?? null) === null) return [];
  const media = isBare ? named : named['Input'];
  return [decodeMedia(media, 'PackageJob.Inputs[].Input', report) ?? UNREADABLE];
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return value.trim() === '';
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function decodeMedia(value: unknown, member: string, report: ReportViolation): IceMedia | null {
  if (value === undefined || value === null) return null;
  const media = unwrapped(structureOf(value, member, report), member, report);
  if (!isJsonObject(media)) {
    report({ kind: 'wrong type', member });
    return null;
  }
  const read = memberReader(withNames(media, MEDIA_NAMES, member, report), member, report);
  const type = read.enumOf('Type', MEDIA_TYPES) ?? 'UNKNOWN';
  const text = read.text('Media');
  // It stays as it is, as `media` is verbatim. What is no address is reported here, once for all who ask for `url`.
  if (type === 'OSS' && text !== null) read.url('Media');
  return { type, media: text };
}
