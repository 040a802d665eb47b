import { either, integer, list, literal, oneOf, record, shape, text } from './checks.ts';
import type { Check } from './checks.ts';
import { faultKinds } from './faults.ts';
import type { FaultKind, FaultRule } from './faults.ts';
import { unknownJobAnswers } from './jobs.ts';
import type { NewJob } from './new-job.ts';
import { iceActions, latestTime, wireMembers } from './wire.ts';

const longestDelayMs = 3_600_000;
const longestShiftMs = 100 * 365 * 86_400_000;

const status = integer(200, 599);
const time = integer(0, latestTime);
const shift = integer(-longestShiftMs, longestShiftMs);
const always = oneOf(['always']);

const scope = { action: oneOf(iceActions), jobId: text, times: either(always, integer(1, 1_000_000_000)) };

const rules = {
  status: shape(
    { kind: oneOf(['status']), status },
    { code: text, message: text, body: oneOf(['json', 'xml', 'html', 'empty']), ...scope },
  ),
  throttle: shape(
    { kind: oneOf(['throttle']) },
    {
      retryAfterMs: either(literal(null, null), integer(0, longestDelayMs)),
      code: oneOf(['Throttling', 'Throttling.User', 'Throttling.Api', 'RequestsTooFrequent']),
      status,
      ...scope,
    },
  ),
  html: shape({ kind: oneOf(['html']) }, scope),
  oversize: shape({ kind: oneOf(['oversize']) }, { bytes: integer(1, 64 * 1024 * 1024), ...scope }),
  body: shape({ kind: oneOf(['body']), body: text }, { status, contentType: text, ...scope }),
  hang: shape({ kind: oneOf(['hang']), when: oneOf(['before-headers', 'mid-body']) }, scope),
  reset: shape(
    { kind: oneOf(['reset']), when: oneOf(['before-headers', 'after-headers', 'mid-body']) },
    scope,
  ),
  truncate: shape({ kind: oneOf(['truncate']) }, scope),
  garbage: shape({ kind: oneOf(['garbage']), what: oneOf(['not-http', 'not-json']) }, scope),
  delay: shape({ kind: oneOf(['delay']), delayMs: integer(0, longestDelayMs) }, scope),
  clockSkew: shape({ kind: oneOf(['clockSkew']), skewMs: shift }, scope),
  listLag: shape({ kind: oneOf(['listLag']), lagMs: integer(0, longestShiftMs) }, scope),
  patch: shape({ kind: oneOf(['patch']), patch: record }, scope),
} satisfies Record<FaultKind, Check<FaultRule>>;

const kindOf = oneOf(faultKinds);

const faultRule: Check<FaultRule> = (input, path) => {
  const kind = kindOf(record(input, path)['kind'], path === '' ? 'kind' : `${path}.kind`);
  return rules[kind](input, path);
};

/** One rule of any kind, or a list of them. */
export const faultRules: Check<FaultRule[]> = (input, path) =>
  Array.isArray(input) ? list(faultRule)(input, path) : [faultRule(input, path)];

export const clockShift = shape({ advanceMs: shift }, {});

export const settings = shape({ unknownJob: oneOf(unknownJobAnswers) }, {});

const media = shape({ Type: text, Media: text }, {});

/** A {@link NewJob}; JSON has no Infinity, so a job that never finishes says `"finishTime": "never"`. */
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
    omit: list(oneOf(wireMembers)),
    verbatim: record,
  },
);
