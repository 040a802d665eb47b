import type { IceAction } from '../ice/actions.ts';
import type { KeysFound } from '../ice/events.ts';
import { CALL_SECONDS } from './buckets.ts';
import type { Observed } from './observed.ts';
import { PlainCounter, PlainHistogram } from './plain-metrics.ts';
import type { Register } from './registry.ts';

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;

/** Calls of ICE, what limits them, and the keys that sign them. */
export function iceMetrics(observed: Observed, register: Register): void {
  countAttempts(observed, register);
  countRefusals(observed, register);
  showState(observed, register);
  showKeys(observed, register);
}

/** Makes a counter whose series of each action begins at 0. */
function actionCounter(actions: readonly string[], register: Register, name: string, help: string) {
  const counter = new PlainCounter({ name, help, labels: ['action'] });
  register.add(counter);
  for (const action of actions) counter.series(action);
  return (action: IceAction) => void (counter.series(action).value += 1);
}

function countAttempts({ events: { ice }, ice: { state } }: Observed, register: Register): void {
  const actions = Object.keys(state);
  const durations = new PlainHistogram(
    {
      name: 'pjg_ice_request_duration_seconds',
      help: 'Duration of requests to ICE, retries included, by what came of them: ok, or our code of the error.',
      labels: ['action', 'outcome'],
    },
    CALL_SECONDS,
  );
  const queueTimes = new PlainHistogram(
    {
      name: 'pjg_ice_queue_duration_seconds',
      help: 'Time that requests to ICE waited for their turn in the call budget.',
      labels: ['action'],
    },
    CALL_SECONDS,
  );
  register.add(durations);
  register.add(queueTimes);
  for (const action of actions) {
    durations.series(action, 'ok');
    queueTimes.series(action);
  }
  const retried = actionCounter(
    actions,
    register,
    'pjg_ice_retries_total',
    'Requests to ICE that were not the first of their call.',
  );
  const throttled = actionCounter(
    actions,
    register,
    'pjg_ice_throttled_total',
    'Requests that ICE refused because the account makes too many.',
  );
  let inFlight = 0;
  ice.on('attemptStart', ({ action, number, queuedMs }) => {
    inFlight += 1;
    queueTimes.series(action).observe(queuedMs / 1000);
    if (number > 1) retried(action);
  });
  ice.on('attemptEnd', ({ action }, { durationMs, code, error }) => {
    inFlight -= 1;
    durations
      .series(action, code ?? (error === undefined ? 'ok' : 'INTERNAL_SERVER_ERROR'))
      .observe(durationMs / 1000);
    if (code === 'UPSTREAM_THROTTLED') throttled(action);
  });
  register.gauge({ name: 'pjg_ice_requests_in_flight', help: 'Requests to ICE under way.' }, () => [
    [inFlight],
  ]);
}

function countRefusals({ events: { ice }, ice: { state } }: Observed, register: Register): void {
  const refused = new PlainCounter({
    name: 'pjg_ice_refused_total',
    help: 'Requests that the gateway did not send: the queue was full, the deadline near, or the breaker open.',
    labels: ['action', 'code'],
  });
  register.add(refused);
  ice.on('attemptRefused', (action, code) => (refused.series(action, code).value += 1));
  const opened = actionCounter(
    Object.keys(state),
    register,
    'pjg_ice_breaker_opened_total',
    'How often a circuit breaker opened, also again after a failed probe.',
  );
  ice.on('breakerOpen', opened);
  const violations = new PlainCounter({
    name: 'pjg_ice_contract_violations_total',
    help: 'Members of responses that ICE does not document, by kind.',
    labels: ['kind'],
  });
  register.add(violations);
  ice.on('contractViolation', ({ kind }) => (violations.series(kind).value += 1));
}

function showState({ events, ice }: Observed, register: Register): void {
  const labels = ['action'];
  register.gauge(
    {
      name: 'pjg_ice_breaker_state',
      help: '1 for the state that the circuit breaker of an action is in, 0 for the others.',
      labels: ['action', 'state'],
    },
    () =>
      Object.entries(ice.state).flatMap(([action, { breaker }]) =>
        BREAKER_STATES.map((state) => [breaker === state ? 1 : 0, action, state] as const),
      ),
  );
  register.gauge(
    { name: 'pjg_ice_queue_length', help: 'Requests to ICE that wait for their turn.', labels },
    () => Object.entries(ice.state).map(([action, { queued }]) => [queued, action]),
  );
  register.gauge(
    {
      name: 'pjg_ice_rate_limit',
      help: 'Requests to ICE that may start in a second. Throttling lowers it.',
      labels,
    },
    () => Object.entries(ice.state).map(([action, { callsPerSecond }]) => [callsPerSecond, action]),
  );
  let differenceMs = 0;
  events.ice.on('clockCorrected', (ms) => (differenceMs = ms));
  register.gauge(
    {
      name: 'pjg_ice_clock_difference_seconds',
      help: 'The time of ICE less that of this machine, as it is corrected for.',
    },
    () => [[differenceMs / 1000]],
  );
}

function showKeys({ events: { ice }, now }: Observed, register: Register): void {
  let found: Pick<KeysFound, 'source' | 'expiresAt'> | undefined;
  let foundAt = 0;
  const failures = new PlainCounter({
    name: 'pjg_key_failures_total',
    help: 'Look-ups of keys that failed, by the source of keys.',
    labels: ['source'],
  });
  register.add(failures);
  ice.on('keysFailed', ({ source }) => (failures.series(source).value += 1));
  ice.on('keysFound', (keys) => {
    found = keys;
    if (keys.isChanged) foundAt = now();
  });
  const labels = ['source'];
  register.gauge(
    { name: 'pjg_key_age_seconds', help: 'For how long the keys that sign calls are in use.', labels },
    () => (found === undefined ? [] : [[(now() - foundAt) / 1000, found.source]]),
  );
  register.gauge(
    {
      name: 'pjg_key_expires_in_seconds',
      help: 'Time until the keys that sign calls expire. It is absent where nobody knows.',
      labels,
    },
    () => (found?.expiresAt === undefined ? [] : [[(found.expiresAt - now()) / 1000, found.source]]),
  );
}
