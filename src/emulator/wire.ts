/** The actions of this server, spelled as in requests. */
export const ICE_ACTIONS = ['GetPackageJob', 'ListPackageJobs', 'SubmitPackageJob'] as const;

export type IceAction = (typeof ICE_ACTIONS)[number];

/** The API version of this server. */
export const ICE_VERSION = '2020-11-09';

export function isIceAction(text: string | undefined): text is IceAction {
  return (ICE_ACTIONS as readonly (string | undefined)[]).includes(text);
}

/** What services that give keys do: STS, the metadata service of an instance (ECS), and a credentials URI. */
export const KEY_ACTIONS = ['AssumeRole', 'AssumeRoleWithOIDC', 'InstanceRole', 'CredentialsUri'] as const;

export type KeyAction = (typeof KEY_ACTIONS)[number];

export function isKeyAction(text: string | undefined): text is KeyAction {
  return (KEY_ACTIONS as readonly (string | undefined)[]).includes(text);
}

/** `Type` is OSS or Media. `Media` is an oss:// or http(s):// URL for OSS, and a media-library id for Media. */
export interface WireMedia {
  readonly Type: string;
  readonly Media: string;
}

/**
 * A job as GetPackageJob sends it. The members have the order of the example in the ICE reference.
 *
 * The reference does not guarantee any member. Times are UTC text without a fraction. ListPackageJobs sends the
 * same members except `OutputUrl`.
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

/** The members of a job, in the order of the example in the ICE reference. */
export const WIRE_MEMBERS = [
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

/** One page of ListPackageJobs. `NextPageToken` has 32 hexadecimal characters. The last page has none. */
export interface WireJobPage {
  readonly PackageJobs: readonly WirePackageJob[];
  readonly NextPageToken?: string;
}

/** The last millisecond of the year 9999. The wire format has four digits for the year. */
export const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since the epoch as `yyyy-MM-ddTHH:mm:ssZ`, in UTC. Fractions of a second are cut off. */
export function toWireTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The reverse of {@link toWireTime}. Undefined for any other text, also for 31 February. */
export function fromWireTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) || toWireTime(at) !== text ? undefined : at;
}
