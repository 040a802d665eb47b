import { either, integer, list, literal, oneOf, record, shape, text, truth } from './checks.ts';
import type { Check } from './checks.ts';
import { KEY_REFUSALS } from './admission.ts';
import { RETRY_HEADERS } from './errors.ts';
import { FAULT_KINDS } from './faults.ts';
import type { FaultKind, FaultRule } from './faults.ts';
import { MAX_TOKEN_S, TOKEN_SCOPES } from './issuer.ts';
import type { TokenRequest } from './issuer.ts';
import { UNKNOWN_JOB_RESPONSES } from './jobs.ts';
import type { NewJob } from './new-job.ts';
import { ODD_PAGES, SHAPES } from './shapes.ts';
import { ICE_ACTIONS, KEY_ACTIONS, MAX_TIME, WIRE_MEMBERS } from './wire.ts';

const MAX_DELAY_MS = 3_600_000;
const MAX_SHIFT_MS = 100 * 365 * 86_400_000;

const status = integer(200, 599);
const time = integer(0, MAX_TIME);
const shift = integer(-MAX_SHIFT_MS, MAX_SHIFT_MS);
const always = oneOf(['always']);
const BODIES = ['json', 'xml', 'html', 'empty'] as const;

/** The members of every fault rule that say which requests it applies to. */
const SCOPE = {
  action: oneOf([...ICE_ACTIONS, ...KEY_ACTIONS]),
  jobId: text,
  times: either(always, integer(1, 1_000_000_000)),
};

const RULES = {
  status: shape(
    { kind: oneOf(['status']), status },
    { code: text, message: text, body: oneOf(BODIES), ...SCOPE },
  ),
  throttle: shape(
    { kind: oneOf(['throttle']) },
    {
      retryAfterMs: either(literal(null, null), integer(0, MAX_DELAY_MS)),
      code: text,
      header: oneOf(RETRY_HEADERS),
      body: oneOf(BODIES),
      status,
      ...SCOPE,
    },
  ),
  noPermission: shape({ kind: oneOf(['noPermission']) }, SCOPE),
  html: shape({ kind: oneOf(['html']) }, SCOPE),
  oversize: shape({ kind: oneOf(['oversize']) }, { bytes: integer(1, 64 * 1024 * 1024), ...SCOPE }),
  body: shape({ kind: oneOf(['body']), body: text }, { status, contentType: text, ...SCOPE }),
  hang: shape({ kind: oneOf(['hang']), when: oneOf(['before-headers', 'mid-body']) }, SCOPE),
  reset: shape(
    { kind: oneOf(['reset']), when: oneOf(['before-headers', 'after-headers', 'mid-body']) },
    SCOPE,
  ),
  truncate: shape({ kind: oneOf(['truncate']) }, SCOPE),
  garbage: shape({ kind: oneOf(['garbage']), what: oneOf(['not-http', 'not-json']) }, SCOPE),
  delay: shape({ kind: oneOf(['delay']), delayMs: integer(0, MAX_DELAY_MS) }, SCOPE),
  clockSkew: shape({ kind: oneOf(['clockSkew']), skewMs: shift }, SCOPE),
  otherRegion: shape({ kind: oneOf(['otherRegion']) }, SCOPE),
  listLag: shape({ kind: oneOf(['listLag']), lagMs: integer(0, MAX_SHIFT_MS) }, SCOPE),
  oddPage: shape({ kind: oneOf(['oddPage']), page: oneOf(ODD_PAGES) }, SCOPE),
  shape: shape(
    { kind: oneOf(['shape']), shape: oneOf(SHAPES) },
    { members: list(oneOf(WIRE_MEMBERS)), ...SCOPE },
  ),
  patch: shape({ kind: oneOf(['patch']), patch: record }, SCOPE),
  proxy: shape(
    { kind: oneOf(['proxy']) },
    { status: integer(400, 599), isSilent: truth, times: SCOPE.times },
  ),
} satisfies Record<FaultKind, Check<FaultRule>>;

const kindOf = oneOf(FAULT_KINDS);

const faultRule: Check<FaultRule> = (input, path) => {
  const kind = kindOf(record(input, path)['kind'], path === '' ? 'kind' : `${path}.kind`);
  return RULES[kind](input, path);
};

/** One rule of any kind, or a list of rules. */
export const faultRules: Check<FaultRule[]> = (input, path) =>
  Array.isArray(input) ? list(faultRule)(input, path) : [faultRule(input, path)];

export const clockShift = shape({ advanceMs: shift }, {});

/** The access keys from now on. `refusal` is the code that requests with the key get. */
export const credentials = list(
  shape(
    { accessKeyId: text, accessKeySecret: text },
    { securityToken: text, refusal: oneOf(KEY_REFUSALS), expiresAt: time },
  ),
);

/** The code that requests with a key get from now on. `null`: none. */
export const keyRefusal = shape(
  { accessKeyId: text, refusal: either(literal(null, undefined), oneOf(KEY_REFUSALS)) },
  {},
);

export const settings = shape({ unknownJob: oneOf(UNKNOWN_JOB_RESPONSES) }, {});

/** A {@link TokenRequest}. */
export const tokenRequest: Check<TokenRequest> = shape(
  {},
  {
    owner: text,
    scopes: list(oneOf(TOKEN_SCOPES)),
    jobIds: list(text),
    expiresInS: integer(1, MAX_TOKEN_S),
  },
);

const media = shape({ Type: text, Media: text }, {});

/** A {@link NewJob}. JSON has no Infinity, so `"finishTime": "never"` means a job that never finishes. */
export const newJob: Check<NewJob> = shape(
  {},
  {
    jobId: text,
    alsoKnownAs: list(text),
    name: text,
    inputs: list(media),
    output: media,
    pipelineId: text,
    priority: integer(1, 10),
    userData: text,
    triggerSource: text,
    statusText: text,
    createTime: time,
    finishTime: either(literal('never', Infinity), time),
    outcome: shape({ status: oneOf(['Success', 'Fail']) }, { code: text, message: text }),
    omit: list(oneOf(WIRE_MEMBERS)),
    verbatim: record,
  },
);
