import { XMLParser } from 'fast-xml-parser';
import { isJsonObject } from '../json-object.ts';
import { parseAddress } from './address.ts';

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
 * A packaging job as ICE sent it. Each member is checked. An absent or wrongly typed member is `null`.
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

/** Something in a response that ICE does not document. It never holds the value, except for the text of an enum. */
export interface ContractViolation {
  readonly kind: 'unknown enum text' | 'wrong type' | 'invalid value';
  /** The member, as in `PackageJob.Status`. */
  readonly member: string;
  readonly text?: string;
}

/** Is called for every contract violation that decoding finds. */
export type ReportViolation = (violation: ContractViolation) => void;

/** What every response of ICE, good or bad, says about itself. */
export interface Envelope {
  /** The whole body. It is `undefined` when the body is no JSON or XML object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
  readonly requestId: string | undefined;
  readonly upstreamCode: string | undefined;
  /** Whether it has a `Code` other than those of success, even one that must not be shown. */
  readonly isRefusal: boolean;
}

/** Values of `Code` that refuse nothing. The official clients know the same ones. */
const SUCCESS_CODES: ReadonlySet<unknown> = new Set([200, '200', 'OK', 'ok', 'Success', 'success']);

const xml = new XMLParser({ parseTagValue: false });

/** Reads a body that may be anything: JSON, an XML error, HTML, cut off, empty. It never throws. */
export function decodeEnvelope(body: string): Envelope {
  const members = parseJsonObject(body) ?? parseXmlError(body);
  const code = members?.['Code'];
  const requestId = members?.['RequestId'];
  return {
    members,
    isRefusal: code !== undefined && code !== null && !SUCCESS_CODES.has(code),
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
export function decodeJobResponse(
  members: Readonly<Record<string, unknown>>,
  report: ReportViolation,
): IceJob | null | undefined {
  const value = members['PackageJob'] ?? null;
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  if ((value['JobId'] ?? '') === '') return null;
  return decodeJob(value, report);
}

/** The page in a response of ListPackageJobs, or `undefined` when the response is not what ICE documents. */
export function decodeListResponse(
  members: Readonly<Record<string, unknown>>,
  report: ReportViolation,
): IceJobPage | undefined {
  const list = members['PackageJobList'];
  if (!isJsonObject(list)) return undefined;
  const items = list['PackageJobs'] ?? [];
  const token = list['NextPageToken'] ?? '';
  if (!Array.isArray(items) || typeof token !== 'string' || !PAGE_TOKEN.test(token)) return undefined;
  const jobs = items.map((item: unknown) => (isJsonObject(item) ? decodeJob(item, report) : undefined));
  // A job without an id cannot be shown. The others can.
  if (jobs.includes(undefined)) report({ kind: 'wrong type', member: 'PackageJobList.PackageJobs[]' });
  return { jobs: jobs.filter((job) => job !== undefined), nextPageToken: token === '' ? null : token };
}

/** The id in a response of SubmitPackageJob, or `undefined` when the response is not what ICE documents. */
export function decodeSubmitResponse(members: Readonly<Record<string, unknown>>): string | undefined {
  const id = members['JobId'];
  return typeof id === 'string' && JOB_ID.test(id) ? id : undefined;
}

/** The page tokens that a cursor can carry. ICE's own tokens are 32 hexadecimal characters. */
const PAGE_TOKEN = /^[\x20-\x7e]{0,1024}$/;

/** The ids that are accepted. ICE's own ids are 32 hexadecimal characters. */
const JOB_ID = /^[\x21-\x7e]{1,128}$/;

/** One job, or `undefined` when it has no usable JobId. */
function decodeJob(value: Readonly<Record<string, unknown>>, report: ReportViolation): IceJob | undefined {
  const read = memberReader(value, 'PackageJob', report);
  const id = read.text('JobId');
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

/** `Inputs` is a list of `{ Input: { Type, Media } }`. */
function decodeInputs(value: unknown, report: ReportViolation): readonly IceMedia[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report({ kind: 'wrong type', member: 'PackageJob.Inputs' });
    return [];
  }
  return value
    .map((item: unknown) => {
      if (!isJsonObject(item)) report({ kind: 'wrong type', member: 'PackageJob.Inputs[]' });
      return isJsonObject(item) ? decodeMedia(item['Input'], 'PackageJob.Inputs[].Input', report) : null;
    })
    .filter((media) => media !== null);
}

function decodeMedia(value: unknown, member: string, report: ReportViolation): IceMedia | null {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) {
    report({ kind: 'wrong type', member });
    return null;
  }
  const read = memberReader(value, member, report);
  const type = read.enumOf('Type', MEDIA_TYPES) ?? 'UNKNOWN';
  const media = read.text('Media');
  // It stays as it is, as `media` is verbatim. What is no address is reported here, once for all who ask for `url`.
  if (type === 'OSS' && media !== null) read.url('Media');
  return { type, media };
}

/** Reads members by name. An absent member is `null`. A wrong member is reported and `null`. */
function memberReader(value: Readonly<Record<string, unknown>>, parent: string, report: ReportViolation) {
  const text = (name: string): string | null => {
    const member = value[name] ?? null;
    if (member === null || typeof member === 'string') return member;
    report({ kind: 'wrong type', member: `${parent}.${name}` });
    return null;
  };
  /** As {@link text}, then parsed. White space alone is `null`. `parse` gives `null` for bad text. */
  const parsed = (name: string, parse: (text: string) => string | null): string | null => {
    const trimmed = text(name)?.trim() ?? '';
    if (trimmed === '') return null;
    const result = parse(trimmed);
    if (result === null) report({ kind: 'invalid value', member: `${parent}.${name}` });
    return result;
  };
  return {
    text,
    time: (name: string) => parsed(name, parseTime),
    url: (name: string) => parsed(name, parseAddress),
    integer(name: string): number | null {
      const member = value[name] ?? null;
      if (member === null) return null;
      if (typeof member === 'number' && (member | 0) === member) return member;
      report({ kind: 'wrong type', member: `${parent}.${name}` });
      return null;
    },
    enumOf<T extends string>(name: string, known: ReadonlyMap<string, T>): T | 'UNKNOWN' | null {
      const member = value[name];
      if (typeof member !== 'string') return null;
      const found = known.get(member);
      if (found === undefined) {
        report({ kind: 'unknown enum text', member: `${parent}.${name}`, text: member.slice(0, 64) });
      }
      return found ?? 'UNKNOWN';
    },
  };
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 text in UTC, or `null`. Seconds stay whole where ICE sent them whole. */
function parseTime(text: string): string | null {
  if (!RFC_3339.test(text)) return null;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return null;
  // JavaScript takes 30 February for 2 March. Such a text names no time.
  const local = text.slice(0, 19);
  if (new Date(`${local}Z`).toISOString().slice(0, 19) !== local) return null;
  const utc = date.toISOString().replace('.000Z', 'Z');
  // An offset can lead out of the years of RFC 3339.
  return RFC_3339.test(utc) ? utc : null;
}
