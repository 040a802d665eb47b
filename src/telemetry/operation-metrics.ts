import type { OperationStart, RequestEnd } from '../server/events.ts';
import { AGE_SECONDS, CALL_SECONDS, COST } from './buckets.ts';
import type { Observed } from './observed.ts';
import { PlainCounter, PlainHistogram, type Count } from './plain-metrics.ts';
import type { Register } from './registry.ts';

const OTHER = 'other';
const TYPES: readonly string[] = ['query', 'mutation', 'subscription', 'unknown'];

/** GraphQL operations, whatever the transport, and the errors that clients are told. */
export function operationMetrics(observed: Observed, register: Register): void {
  countOperations(observed, register);
  countErrors(observed, register);
  watchSubscriptions(observed, register);
}

function countOperations({ events: { server }, operationNames }: Observed, register: Register): void {
  const total = new PlainCounter({
    name: 'pjg_operations_total',
    help: 'GraphQL operations, those answered from memory among them. A subscription counts once, when it begins.',
    labels: ['type', 'outcome', 'operation'],
  });
  const durations = new PlainHistogram(
    {
      name: 'pjg_operation_duration_seconds',
      help: 'Duration of executed operations, from their turn to their result. Of subscriptions: until they begin.',
      labels: ['type'],
    },
    CALL_SECONDS,
  );
  const costs = new PlainHistogram(
    {
      name: 'pjg_operation_cost',
      help: 'Fields in the response of an executed operation, as limits count them.',
    },
    COST,
  );
  for (const metric of [total, durations, costs]) register.add(metric);
  for (const type of TYPES) durations.series(type);
  const cost = costs.series();
  const fromMemory = new Map<string | null, Count>();
  for (const name of [...operationNames, OTHER]) fromMemory.set(name, total.series('query', 'ok', name));
  const nameOf = (name: string | null) => (name !== null && fromMemory.has(name) ? name : OTHER);

  server.on('operationEnd', ({ startedAt }: OperationStart, record) => {
    const type = record.operation?.definition.operation ?? 'unknown';
    const outcome = record.isClean ? 'ok' : record.isRefused ? 'refused' : 'error';
    total.series(type, outcome, nameOf(record.operationName)).value += 1;
    durations.series(type).observe((performance.now() - startedAt) / 1000);
    if (record.cost > 0) cost.observe(record.cost);
  });
  server.on('requestEnd', (_request, { cached }: RequestEnd) => {
    if (cached === null) return;
    const series = fromMemory.get(cached.operationName) ?? fromMemory.get(OTHER);
    if (series !== undefined) series.value += 1;
  });
}

function countErrors({ events: { server, jobs }, errorCodes }: Observed, register: Register): void {
  const errors = new PlainCounter({
    name: 'pjg_errors_total',
    help: 'Errors that clients were told, by their code. An event that several subscribers share counts once.',
    labels: ['code'],
  });
  const limited = new PlainCounter({
    name: 'pjg_rate_limited_total',
    help: 'Refusals of clients that were at a limit of their own, by the limit.',
    labels: ['policy'],
  });
  const faults = new PlainCounter({
    name: 'pjg_unexpected_errors_total',
    help: 'Faults of the gateway itself, by where they occurred. The log has each with its stack.',
    labels: ['where'],
  });
  for (const metric of [errors, limited, faults]) register.add(metric);
  for (const code of errorCodes) errors.series(code);
  const count = ({ code, policy }: NonNullable<RequestEnd['refusal']>) => {
    errors.series(code).value += 1;
    if (code === 'RATE_LIMITED') limited.series(policy ?? OTHER).value += 1;
  };
  server.on('errorTold', count);
  server.on('requestEnd', (_request, { refusal }) => {
    if (refusal !== undefined) count(refusal);
  });
  server.on('unexpectedError', (_error, where) => (faults.series(where).value += 1));
  jobs.on('unexpectedError', (_error, where) => (faults.series(where).value += 1));
}

function watchSubscriptions({ events: { server }, now }: Observed, register: Register): void {
  const transports: readonly string[] = ['websocket', 'event-stream', 'multipart'];
  const streams = new Map<string, number>(transports.map((transport) => [transport, 0]));
  const opened = new PlainCounter({
    name: 'pjg_streams_opened_total',
    help: 'WebSockets and event streams that were opened, by transport.',
    labels: ['transport'],
  });
  const delays = new PlainHistogram(
    {
      name: 'pjg_delivery_delay_seconds',
      help: 'Time from when a state was read from ICE, or the subscription began if that is later, to its event.',
    },
    AGE_SECONDS,
  );
  register.add(opened);
  register.add(delays);
  for (const transport of transports) opened.series(transport);
  const delay = delays.series();
  server.on('streamStart', ({ transport }) => {
    opened.series(transport).value += 1;
    streams.set(transport, (streams.get(transport) ?? 0) + 1);
  });
  server.on('streamEnd', ({ transport }) => streams.set(transport, (streams.get(transport) ?? 0) - 1));
  register.gauge(
    {
      name: 'pjg_streams',
      help: 'WebSockets and event streams that are open, by transport.',
      labels: ['transport'],
    },
    () => [...streams].map(([transport, open]) => [open, transport]),
  );

  const startedAt = new WeakMap<object, number>();
  let subscriptions = 0;
  server.on('subscriptionStart', (subscription) => {
    subscriptions += 1;
    startedAt.set(subscription, now());
  });
  server.on('subscriptionEvent', (subscription, { observedAt }) => {
    const since = Math.max(Date.parse(observedAt), startedAt.get(subscription) ?? 0);
    delay.observe(Math.max(0, now() - since) / 1000);
  });
  server.on('subscriptionEnd', () => (subscriptions -= 1));
  register.gauge({ name: 'pjg_subscriptions', help: 'Subscriptions under way.' }, () => [[subscriptions]]);
}
