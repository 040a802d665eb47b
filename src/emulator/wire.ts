/** The actions this server knows, spelled as on the wire. */
export const iceActions = ['GetPackageJob', 'ListPackageJobs', 'SubmitPackageJob'] as const;

export type IceAction = (typeof iceActions)[number];

/** The API version this server answers for. */
export const iceVersion = '2020-11-09';

export function isIceAction(text: string | undefined): text is IceAction {
  return (iceActions as readonly (string | undefined)[]).includes(text);
}

/** `Type` is OSS (`Media` is an oss:// or http(s):// URL) or Media (`Media` is a media asset id). */
export interface WireMedia {
  readonly Type: string;
  readonly Media: string;
}

/**
 * A job as GetPackageJob sends it, members in the order of the reference's example.
 *
 * No member is promised by the reference. Times are UTC text without fraction. Items of ListPackageJobs
 * have the same members except `OutputUrl`.
 */
export interface WirePackageJob {
  readonly JobId?: string;
  readonly TriggerSource?: string;
  readonly Name?: string;
  readonly Inputs?: readonly { readonly Input: WireMedia }[];
  readonly Output?: WireMedia;
  readonly OutputUrl?: string;
  readonly PipelineId?: string;
  readonly Priority?: number;
  readonly Status?: string;
  readonly Code?: string;
  readonly Message?: string;
  readonly SubmitTime?: string;
  readonly FinishTime?: string;
  readonly UserData?: string;
  readonly CreateTime?: string;
  readonly ModifiedTime?: string;
}

/** The members of a job, in the order of the reference's example. */
export const wireMembers = [
  'JobId',
  'TriggerSource',
  'Name',
  'Inputs',
  'Output',
  'OutputUrl',
  'PipelineId',
  'Priority',
  'Status',
  'Code',
  'Message',
  'SubmitTime',
  'FinishTime',
  'UserData',
  'CreateTime',
  'ModifiedTime',
] as const satisfies readonly (keyof WirePackageJob)[];

/** One page of ListPackageJobs; `NextPageToken` (32 hex) is absent on the last one. */
export interface WireJobPage {
  readonly PackageJobs: readonly WirePackageJob[];
  readonly NextPageToken?: string;
}

/** The last millisecond whose year has four digits, as the wire format wants. */
export const latestTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since the epoch as `yyyy-MM-ddTHH:mm:ssZ`: UTC, cut to the second. */
export function toWireTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The reverse of {@link toWireTime}; undefined for any other text, 31 February included. */
export function fromWireTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) || toWireTime(at) !== text ? undefined : at;
}
