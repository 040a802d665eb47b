import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
  type SpanContext,
  type SpanOptions,
} from '@opentelemetry/api';
import type { Attempt } from '../ice/events.ts';
import type { ListLook, SourceRead, Sweep } from '../jobs/events.ts';
import type { OperationStart, RequestEnd, RequestStart, SubscriptionStart } from '../server/events.ts';
import { readTraceparent } from '../traceparent.ts';
import type { LayerEvents } from './observed.ts';
import type { Recorder } from './tracing-sdk.ts';

/** What traces need to know of a gateway. */
export interface TracingOptions {
  readonly recorder: Recorder;
  /** Where ICE is. */
  readonly upstream: URL;
}

/** Says which trace is under way. */
export interface Tracing {
  /** The id of the trace that the caller works for. */
  readonly currentTraceId: () => string | undefined;
}

/**
 * Makes spans of what the layers tell, by OpenTelemetry's conventions for HTTP and GraphQL:
 *
 *     request → operation → read of a job → queue, request to ICE
 *     sweep → read of a job → queue, request to ICE
 *     look at lists → queue, request to ICE
 *     subscription event, linked to the read or the look that found its state
 *
 * Whether a trace is recorded is decided where it begins here, ahead of all else. Of one that is not, nothing is made but its id.
 * What is answered from memory gets its span at its end, when nothing else is to be known of it. Parents go by the asynchronous
 * context, so a call that several share belongs to whoever began it. ICE is told of no trace, as it signs its headers.
 */
export function traceEvents(events: LayerEvents, { recorder, upstream }: TracingOptions): Tracing {
  const spans = new Spans(recorder);
  traceOperations(events, spans);
  traceRequests(events, spans, recorder);
  traceSubscriptions(events, spans);
  traceReads(events, spans);
  traceAttempts(events, spans, upstream);
  return { currentTraceId: () => spans.current()?.traceId };
}

/** What somebody works for: a span of a trace, or a trace that is not recorded. */
interface Active {
  readonly traceId: string;
  /** `undefined`: the trace is not recorded. */
  readonly span: Span | undefined;
}

/** The spans under way, by the objects that the layers tell of them with. */
class Spans {
  readonly #recorder: Recorder;
  readonly #active = new AsyncLocalStorage<Active>();
  readonly #spans = new WeakMap<object, Active>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** What the caller works for. */
  current(): Active | undefined {
    return this.#active.getStore();
  }

  /** The span that a client sent. An invalid header is none. */
  ofClient(traceparent: string | undefined): Active | undefined {
    const parent = readTraceparent(traceparent);
    if (parent === undefined) return undefined;
    const { traceId, parentId, isSampled } = parent;
    if (!this.#recorder.isRecorded(parent)) return { traceId, span: undefined };
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const span = trace.wrapSpanContext({ traceId, spanId: parentId, traceFlags, isRemote: true });
    return { traceId, span };
  }

  /**
   * Starts a span below another one. Without a parent a trace begins.
   *
   * @param describe is called if the span is recorded
   */
  start(name: string, parent: Active | undefined, describe: () => SpanOptions): Active {
    if (!this.isRecorded(parent)) return parent ?? { traceId: this.#recorder.newTraceId(), span: undefined };
    const context = parent?.span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent.span);
    const span = this.#recorder.tracer.startSpan(name, describe(), context);
    return { traceId: span.spanContext().traceId, span };
  }

  /** Whether a span below this one is recorded. Without a parent a trace would begin. */
  isRecorded(parent: Active | undefined): boolean {
    return parent === undefined ? this.#recorder.isRecorded(undefined) : parent.span !== undefined;
  }

  of(key: object): Active | undefined {
    return this.#spans.get(key);
  }

  keep(key: object, active: Active): void {
    this.#spans.set(key, active);
  }

  /** Has whatever follows in this asynchronous context be below a span. */
  enter(active: Active): void {
    this.#active.enterWith(active);
  }

  /** Starts a span of what is told of with an object, which whatever follows is below. */
  begin(key: object, name: string, parent: Active | undefined, describe: () => SpanOptions): Active {
    const active = this.start(name, parent, describe);
    this.keep(key, active);
    this.enter(active);
    return active;
  }
}

/** A time by `performance.now()`, in milliseconds since 1970. */
function epochMs(at: number): number {
  return performance.timeOrigin + at;
}

const ROUTES: ReadonlySet<string> = new Set([
  '/graphql',
  '/',
  '/board',
  '/livez',
  '/readyz',
  '/schema.graphql',
]);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

function traceOperations({ server }: LayerEvents, spans: Spans): void {
  server.on('operationStart', (operation: OperationStart) => {
    const { request, requestId, traceparent } = operation;
    const parent = request === undefined ? spans.ofClient(traceparent) : requestSpan(request, spans);
    const kind = request === undefined ? SpanKind.SERVER : SpanKind.INTERNAL;
    const active = spans.begin(operation, 'GraphQL operation', parent, () => ({
      kind,
      attributes: { 'pjg.request.id': requestId },
    }));
    operation.traceId = active.traceId;
  });
  server.on('operationEnd', (operation, { operation: checked, operationName, isClean, cost, cached }) => {
    const span = spans.of(operation)?.span;
    if (span === undefined) return;
    const type = checked?.definition.operation;
    if (type !== undefined) span.updateName(type).setAttribute('graphql.operation.type', type);
    if (operationName !== null) span.setAttribute('graphql.operation.name', operationName);
    span.setAttributes({
      'pjg.operation.cost': cost,
      'pjg.reads.hit': cached.hit,
      'pjg.reads.collapsed': cached.collapsed,
    });
    if (!isClean) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
}

/** The span of a request, which its first operation starts. */
function requestSpan(request: RequestStart, spans: Spans): Active {
  const known = spans.of(request);
  if (known !== undefined) return known;
  const active = spans.start(nameOf(request), spans.ofClient(request.traceparent), () => ({
    kind: SpanKind.SERVER,
    attributes: attributesOf(request),
    startTime: epochMs(request.startedAt),
  }));
  spans.keep(request, active);
  return active;
}

function traceRequests({ server }: LayerEvents, spans: Spans, recorder: Recorder): void {
  /** Tens of thousands a second come here. */
  function recordWhole(request: RequestStart, end: RequestEnd): void {
    const parent = spans.ofClient(request.traceparent);
    if (!spans.isRecorded(parent)) return;
    const startedAt = epochMs(request.startedAt);
    request.recordedTraceId = recorder.record({
      name: nameOf(request),
      kind: SpanKind.SERVER,
      parent: parent?.span?.spanContext(),
      attributes: Object.assign(attributesOf(request), attributesOfEnd(end)),
      startedAt,
      endedAt: startedAt + end.durationMs,
      isError: end.status >= 500,
    });
  }
  server.on('requestEnd', (request, end) => {
    // A WebSocket is no request. Its operations have spans of their own.
    if (end.source === 'upgraded') return;
    const known = spans.of(request);
    if (known === undefined) recordWhole(request, end);
    else if (known.span !== undefined) {
      request.recordedTraceId = known.traceId;
      known.span.setAttributes(attributesOfEnd(end));
      if (end.status >= 500) known.span.setStatus({ code: SpanStatusCode.ERROR });
      known.span.end(epochMs(request.startedAt + end.durationMs));
    }
  });
}

function nameOf({ method, path }: RequestStart): string {
  const verb = METHODS.has(method) ? method : 'HTTP';
  return ROUTES.has(path) ? `${verb} ${path}` : verb;
}

function attributesOf({ method, path, requestId }: RequestStart): Attributes {
  const attributes: Attributes = {
    'http.request.method': METHODS.has(method) ? method : '_OTHER',
    'url.scheme': 'http',
    'pjg.request.id': requestId,
  };
  // Any other path could hold what a client must not be seen to have sent.
  if (ROUTES.has(path)) {
    attributes['http.route'] = path;
    attributes['url.path'] = path;
  }
  return attributes;
}

function attributesOfEnd({ status, source, refusal, isComplete }: RequestEnd): Attributes {
  const attributes: Attributes = { 'http.response.status_code': status, 'pjg.request.source': source };
  if (refusal !== undefined) attributes['error.type'] = refusal.code;
  else if (status >= 500) attributes['error.type'] = String(status);
  if (!isComplete) attributes['pjg.request.abandoned'] = true;
  return attributes;
}

function traceSubscriptions({ server, jobs }: LayerEvents, spans: Spans): void {
  const begunIn = new WeakMap<SubscriptionStart, Active>();
  /** The spans that found states. */
  const foundBy = new WeakMap<object, SpanContext>();
  jobs.on('stateFound', (state) => {
    const found = spans.current()?.span;
    if (found !== undefined) foundBy.set(state, found.spanContext());
  });
  server.on('subscriptionStart', (subscription) => {
    const active = spans.current();
    if (active !== undefined) begunIn.set(subscription, active);
  });
  server.on('subscriptionEvent', (subscription, job) => {
    const event = spans.start('subscription event', begunIn.get(subscription), () => {
      const context = foundBy.get(job);
      return {
        attributes: { 'graphql.operation.type': 'subscription' },
        ...(context !== undefined && { links: [{ context }] }),
      };
    });
    event.span?.end();
  });
}

function traceReads({ jobs }: LayerEvents, spans: Spans): void {
  jobs.on('sourceReadStart', (read: SourceRead) => {
    spans.begin(read, 'read job', spans.current(), () => ({}));
  });
  jobs.on('sourceReadEnd', (read, source, isShared) => {
    const span = spans.of(read)?.span;
    if (source === undefined) span?.setStatus({ code: SpanStatusCode.ERROR });
    else span?.setAttributes({ 'pjg.read.source': source, 'pjg.read.shared': isShared });
    span?.end();
  });
  jobs.on('sweepStart', (sweep: Sweep) => {
    spans.begin(sweep, 'sweep', undefined, () => ({ attributes: { 'pjg.sweep.jobs': sweep.jobs } }));
  });
  jobs.on('sweepEnd', (sweep) => spans.of(sweep)?.span?.end());
  jobs.on('lookStart', (look: ListLook) => {
    spans.begin(look, 'look', undefined, () => ({ attributes: { 'pjg.look.for': look.for } }));
  });
  jobs.on('lookEnd', (look) => spans.of(look)?.span?.end());
}

function traceAttempts({ ice }: LayerEvents, spans: Spans, upstream: URL): void {
  const { protocol, hostname, port, origin } = upstream;
  const server = {
    'server.address': hostname,
    'server.port': port === '' ? DEFAULT_PORTS[protocol] : Number(port),
    // All that ICE is asked for is in the query, which is left out.
    'url.full': `${origin}/`,
  };
  ice.on('attemptStart', (attempt: Attempt) => {
    const { action, number, queuedMs } = attempt;
    const parent = spans.current();
    const now = performance.now();
    if (queuedMs > 0) {
      const queue = spans.start('ICE queue', parent, () => ({
        attributes: { 'rpc.method': action },
        startTime: epochMs(now - queuedMs),
      }));
      queue.span?.end(epochMs(now));
    }
    const call = spans.start(`ICE ${action}`, parent, () => ({
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': 'POST',
        ...server,
        'rpc.system.name': 'alibaba_cloud',
        'rpc.method': action,
        ...(number > 1 && { 'http.request.resend_count': number - 1 }),
      },
    }));
    spans.keep(attempt, call);
  });
  ice.on('attemptEnd', (attempt, { requestId, status, code, error }) => {
    const span = spans.of(attempt)?.span;
    if (span === undefined) return;
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (requestId !== undefined) span.setAttribute('alibaba_cloud.request_id', requestId);
    if (error !== undefined) {
      span.setAttributes({ 'error.type': code ?? error, 'alibaba_cloud.error_code': error });
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  });
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
