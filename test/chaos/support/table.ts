import type { Fault } from '../../../src/emulator/server.ts';

/** How a read ends that meets a fault each time it asks. */
export interface Outcome {
  /** The code of its one error; `null` when ICE's answer means that there is no such job. */
  readonly code: string | null;
  /** Attempts made. */
  readonly calls: number;
}

/** A fault of ICE and what it means for reads. */
export interface Row {
  readonly name: string;
  readonly fault: Fault;
  readonly outcome: Outcome;
  /** The same for a list, where it differs. */
  readonly listOutcome?: Outcome | undefined;
  /** ICE's code that clients are shown. */
  readonly upstreamCode?: string | undefined;
  /** The wait that clients are asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The gateway's variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const REJECTED: Outcome = { code: 'UPSTREAM_REJECTED', calls: 1 };
const UNAVAILABLE: Outcome = { code: 'UPSTREAM_UNAVAILABLE', calls: 3 };
const MALFORMED: Outcome = { code: 'UPSTREAM_MALFORMED', calls: 3 };
const TIMEOUT: Outcome = { code: 'UPSTREAM_TIMEOUT', calls: 3 };
const THROTTLED: Outcome = { code: 'UPSTREAM_THROTTLED', calls: 3 };
/** Without a time to wait there is a second between attempts, so that the deadline lets two be made. */
const THROTTLED_FOR_LONG: Outcome = { code: 'UPSTREAM_THROTTLED', calls: 2 };
const MISSING: Outcome = { code: null, calls: 1 };

const SHORT_DEADLINE = { REQUEST_TIMEOUT_MS: '1800' };
/** Three attempts have time even on a machine that is busy. */
const SHORT_ATTEMPTS = { ICE_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '5000' };

/** What ICE says about the request or the key, by HTTP status. */
const REFUSALS: Readonly<Record<number, readonly string[]>> = {
  400: [
    'MissingParameter',
    'InvalidParameter',
    'JobLimitExceeded',
    'MissingJobId',
    'InvalidJobId',
    'InvalidParameter.PageSize',
    'InvalidParameter.Format',
    'InvalidVersion',
    'InvalidSignatureMethod',
    'InvalidAccessKeyId.NotFound',
    'InvalidAccessKeyId.Inactive',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'InvalidTimeStamp.Format',
    'InvalidTimeStamp.Expired',
    'IllegalTimestamp',
    'InvalidSecurityToken.Expired',
    'InvalidSecurityToken.Malformed',
    'InvalidSecurityToken.MismatchWithAccessKey',
    'MissingSecurityToken',
    'UnsupportedHTTPMethod',
    'Forbidden.RAM',
  ],
  403: [
    'OperationDenied',
    'OperationDenied.Suspended',
    'Forbidden',
    'UserDisable',
    'SignatureDoesNotMatch',
    'UnsupportedHTTPMethod',
    'Forbidden.RAM',
    'NoPermission',
    'Forbidden.RiskControl',
  ],
  404: [
    'ProjectNotFound',
    'InvalidApi.NotFound',
    'InvalidAction.NotFound',
    'InvalidProduct.NotFound',
    'InvalidProtocol.NeedSsl',
    'InvalidAccessKeyId.NotFound',
  ],
  409: ['JobAlreadyStarted', 'MediaAlreadyExist'],
};

const ABSENCES: readonly (readonly [status: number, code: string])[] = [
  [404, 'JobNotFound'],
  [404, 'ResourceNotFound'],
  [400, 'InvalidParameter.ResourceNotFound'],
  [404, 'InvalidJobId.NotFound'],
];

const THROTTLINGS = ['Throttling', 'Throttling.User', 'Throttling.Api', 'RequestsTooFrequent'] as const;

/** Names of throttling that no page of ICE lists. */
const BUSY: readonly (readonly [status: number, code: string])[] = [
  [400, 'Degrade.Api'],
  [400, 'Degrade.User'],
  [400, 'ServiceBusy'],
  [503, 'SystemBusy'],
  [400, 'Rejected.Throttling'],
  [403, 'Throttling.QPSLimit'],
  [400, 'FlowControl.User'],
  [400, 'TooManyRequests'],
];

/** Names of faults of ICE itself. */
const FAULTY: readonly (readonly [status: number, code: string])[] = [
  [400, 'ServiceUnavailableTemporary'],
  [403, 'SystemError'],
  [400, 'InternalError.Dispatch'],
  [400, 'BackendTimeout'],
];

const STATUSES: readonly (readonly [status: number, code: string, outcome: Outcome])[] = [
  [400, 'InvalidParameter', REJECTED],
  [403, 'Forbidden', REJECTED],
  [404, 'InvalidApi.NotFound', REJECTED],
  [409, 'JobAlreadyStarted', REJECTED],
  [429, 'Throttling.User', THROTTLED_FOR_LONG],
  [500, 'InternalError', UNAVAILABLE],
  [502, 'BadGateway', UNAVAILABLE],
  [503, 'ServiceUnavailable', UNAVAILABLE],
  [504, 'GatewayTimeout', UNAVAILABLE],
];

/** Every status in every form that a body can have. */
const byStatus = STATUSES.flatMap(([status, code, outcome]) =>
  (['json', 'xml', 'html', 'empty'] as const).map((body): Row => ({
    name: `${String(status)} with ${body}`,
    fault: { kind: 'status', status, code, body },
    outcome,
    upstreamCode: body === 'json' || body === 'xml' ? code : undefined,
    env: status === 429 ? SHORT_DEADLINE : undefined,
    retryAfterMs: status === 429 ? 1000 : undefined,
  })),
);

/** Messages of ICE repeat the key, which no client may see. */
const ECHO = 'server string to sign is:POST&%2F&AccessKeyId%3Dexample-access-key';

function refusal(status: number, code: string, outcome: Outcome, listOutcome?: Outcome): Row {
  return {
    name: `${String(status)} ${code}`,
    fault: { kind: 'status', status, code, message: ECHO },
    outcome,
    listOutcome,
    upstreamCode: code,
  };
}

const byCode: readonly Row[] = [
  ...Object.entries(REFUSALS).flatMap(([status, codes]) =>
    codes.map((code) => refusal(Number(status), code, REJECTED)),
  ),
  refusal(400, 'SignatureNonceUsed', { code: 'UPSTREAM_REJECTED', calls: 2 }),
  ...BUSY.map(([status, code]): Row => ({
    name: `${String(status)} ${code}`,
    fault: { kind: 'status', status, code, message: ECHO },
    outcome: THROTTLED_FOR_LONG,
    upstreamCode: code,
    retryAfterMs: 1000,
    env: SHORT_DEADLINE,
  })),
  ...FAULTY.map(([status, code]) => refusal(status, code, UNAVAILABLE)),
  ...ABSENCES.map(([status, code]) => refusal(status, code, MISSING, REJECTED)),
  refusal(500, 'InternalError', UNAVAILABLE),
  refusal(503, 'ServiceUnAvailable', UNAVAILABLE),
  refusal(503, 'ServiceUnavailable', UNAVAILABLE),
  ...THROTTLINGS.flatMap((code) =>
    [400, 403, 429].map((status): Row => ({
      name: `${String(status)} ${code}, to wait 20 ms`,
      fault: { kind: 'throttle', code, status, retryAfterMs: 20 },
      outcome: THROTTLED,
      upstreamCode: code,
      retryAfterMs: 20,
    })),
  ),
  {
    name: '403 RequestsTooFrequent, without a time to wait',
    fault: { kind: 'throttle', code: 'RequestsTooFrequent', status: 403, retryAfterMs: null },
    outcome: THROTTLED_FOR_LONG,
    upstreamCode: 'RequestsTooFrequent',
    retryAfterMs: 1000,
    env: SHORT_DEADLINE,
  },
];

/** A firewall before ICE refuses with a page and a header of its own. */
const byFirewall = (['retry-after', 'retry-after-date'] as const).map((header): Row => ({
  name: `429 of a firewall with ${header}`,
  fault: { kind: 'throttle', status: 429, body: 'html', header },
  outcome: THROTTLED_FOR_LONG,
  retryAfterMs: 1000,
  env: SHORT_DEADLINE,
}));

/** What the account lacks. */
const byAccount: readonly Row[] = [
  {
    name: 'a missing right',
    fault: { kind: 'noPermission' },
    outcome: REJECTED,
    upstreamCode: 'NoPermission',
  },
];

const byConnection: readonly Row[] = [
  {
    name: 'a reset before the headers',
    fault: { kind: 'reset', when: 'before-headers' },
    outcome: UNAVAILABLE,
  },
  {
    name: 'a reset after the headers',
    fault: { kind: 'reset', when: 'after-headers' },
    outcome: UNAVAILABLE,
  },
  { name: 'a reset within the body', fault: { kind: 'reset', when: 'mid-body' }, outcome: UNAVAILABLE },
  { name: 'a body that ends early', fault: { kind: 'truncate' }, outcome: UNAVAILABLE },
  { name: 'an answer that is no HTTP', fault: { kind: 'garbage', what: 'not-http' }, outcome: UNAVAILABLE },
  {
    name: 'no headers in time',
    fault: { kind: 'hang', when: 'before-headers' },
    outcome: TIMEOUT,
    env: SHORT_ATTEMPTS,
  },
  {
    name: 'half a body in time',
    fault: { kind: 'hang', when: 'mid-body' },
    outcome: TIMEOUT,
    env: SHORT_ATTEMPTS,
  },
  {
    name: 'an answer too late',
    fault: { kind: 'delay', delayMs: 10_000 },
    outcome: TIMEOUT,
    env: SHORT_ATTEMPTS,
  },
  {
    name: 'no headers before the deadline',
    fault: { kind: 'hang', when: 'before-headers' },
    outcome: { code: 'UPSTREAM_TIMEOUT', calls: 1 },
    env: { REQUEST_TIMEOUT_MS: '1000' },
  },
];

const bodies: readonly (readonly [name: string, body: string])[] = [
  ['JSON cut off', '{"RequestId":"A1","PackageJob":{"JobId":"j1"'],
  ['a list', '[{"JobId":"j1"}]'],
  ['a text', '"done"'],
  ['null', 'null'],
  ['nothing', ''],
  ['members of the wrong types', '{"PackageJob":["j1"],"PackageJobList":["j1"]}'],
  ['texts for members', '{"PackageJob":"j1","PackageJobList":"j1"}'],
  ['numbers for members', '{"PackageJob":1,"PackageJobList":1}'],
  ['a job and a page of the wrong types', '{"PackageJob":{"JobId":1},"PackageJobList":{"PackageJobs":{}}}'],
];

const byContent: readonly Row[] = [
  { name: '200 with html', fault: { kind: 'html' }, outcome: MALFORMED },
  { name: '200 with 2 MiB', fault: { kind: 'oversize' }, outcome: MALFORMED },
  { name: '200 that is no JSON', fault: { kind: 'garbage', what: 'not-json' }, outcome: MALFORMED },
  ...bodies.map(([name, body]): Row => ({
    name: `200 with ${name}`,
    fault: { kind: 'body', body },
    outcome: MALFORMED,
  })),
  {
    name: '200 with a refusal',
    fault: { kind: 'body', body: '{"RequestId":"A1","Code":"Forbidden.RAM"}' },
    outcome: REJECTED,
    upstreamCode: 'Forbidden.RAM',
  },
  {
    name: '200 without a job',
    fault: { kind: 'body', body: '{"message":"A1"}' },
    outcome: MISSING,
    listOutcome: MALFORMED,
  },
];

/** Every way in which ICE can fail a read for good. */
export const TABLE: readonly Row[] = [
  ...byStatus,
  ...byCode,
  ...byFirewall,
  ...byAccount,
  ...byConnection,
  ...byContent,
];
