import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { Attempt } from '../ice/events.ts';
import type { ListLook, SourceRead, Sweep } from '../jobs/events.ts';
import type { OperationStart, RequestEnd, RequestStart, SubscriptionStart } from '../server/events.ts';
import { readTraceparent } from '../traceparent.ts';
import type { LayerEvents } from './observed.ts';

/** What traces need to know of a gateway. */
export interface TracingOptions {
  readonly tracer: Tracer;
  /** One that records every trace that it begins. */
  readonly recording: Tracer;
  /** The part of traces without a parent that is recorded, 0 to 1. */
  readonly rootRatio: number;
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
 * What is answered from memory gets its span at its end, when nothing else is to be known of it. Parents go by the asynchronous
 * context, so a call that several share belongs to whoever began it. ICE is told of no trace, as it signs its headers.
 */
export function traceEvents(events: LayerEvents, options: TracingOptions): Tracing {
  const active = new AsyncLocalStorage<Context>();
  const spans = new Spans(options.tracer, active);
  traceRequests(events, spans, new Spans(options.recording, active), options.rootRatio);
  traceSubscriptions(events, spans);
  traceReads(events, spans);
  traceAttempts(events, spans, options.upstream);
  return {
    currentTraceId: () => trace.getSpanContext(spans.current())?.traceId,
  };
}

/** The spans under way, by the objects that the layers tell of them with. */
class Spans {
  readonly #tracer: Tracer;
  readonly #active: AsyncLocalStorage<Context>;
  readonly #spans = new WeakMap<object, Span>();

  constructor(tracer: Tracer, active: AsyncLocalStorage<Context>) {
    this.#tracer = tracer;
    this.#active = active;
  }

  /** The context of the span that the caller works for. */
  current(): Context {
    return this.#active.getStore() ?? ROOT_CONTEXT;
  }

  /** @param startedAt by `performance.now()`. @default now */
  start(name: string, kind: SpanKind, parent: Context, attributes: Attributes, startedAt?: number): Span {
    return this.#tracer.startSpan(
      name,
      { kind, attributes, ...(startedAt !== undefined && { startTime: epochMs(startedAt) }) },
      parent,
    );
  }

  /** Starts a span with a link, where there is something to link to. */
  startLinked(name: string, parent: Context, linked: SpanContext | undefined): Span {
    return this.#tracer.startSpan(name, linked === undefined ? {} : { links: [{ context: linked }] }, parent);
  }

  of(key: object): Span | undefined {
    return this.#spans.get(key);
  }

  keep(key: object, span: Span): void {
    this.#spans.set(key, span);
  }

  /** Has whatever follows in this asynchronous context be a child of a span. */
  enter(span: Span): void {
    this.#active.enterWith(trace.setSpan(ROOT_CONTEXT, span));
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

function traceRequests({ server }: LayerEvents, spans: Spans, recording: Spans, rootRatio: number): void {
  const startRequest = (
    { method, path, startedAt, traceparent, requestId }: RequestStart,
    by: Spans = spans,
  ) => {
    const verb = METHODS.has(method) ? method : 'HTTP';
    const name = ROUTES.has(path) ? `${verb} ${path}` : verb;
    const attributes = {
      'http.request.method': METHODS.has(method) ? method : '_OTHER',
      'url.scheme': 'http',
      'pjg.request.id': requestId,
      // Any other path could hold what a client must not be seen to have sent.
      ...(ROUTES.has(path) && { 'http.route': path, 'url.path': path }),
    };
    return by.start(name, SpanKind.SERVER, remoteContext(traceparent), attributes, startedAt);
  };
  server.on('operationStart', (operation: OperationStart) => {
    const { request, requestId, traceparent } = operation;
    let parent = remoteContext(traceparent);
    if (request !== undefined) {
      const span = spans.of(request) ?? startRequest(request);
      spans.keep(request, span);
      parent = trace.setSpan(ROOT_CONTEXT, span);
    }
    const kind = request === undefined ? SpanKind.SERVER : SpanKind.INTERNAL;
    const span = spans.start('GraphQL operation', kind, parent, { 'pjg.request.id': requestId });
    spans.keep(operation, span);
    spans.enter(span);
    operation.traceId = span.spanContext().traceId;
  });
  server.on('operationEnd', (operation, { operation: checked, operationName, isClean, cost, cached }) => {
    const span = spans.of(operation);
    if (span === undefined) return;
    if (span.isRecording()) {
      const type = checked?.definition.operation;
      if (type !== undefined) span.updateName(type).setAttribute('graphql.operation.type', type);
      if (operationName !== null) span.setAttribute('graphql.operation.name', operationName);
      span.setAttributes({
        'pjg.operation.cost': cost,
        'pjg.reads.hit': cached.hit,
        'pjg.reads.collapsed': cached.collapsed,
      });
      if (!isClean) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  });
  server.on('requestEnd', (request, end) => {
    // A WebSocket is no request. Its operations have spans of their own.
    if (end.source === 'upgraded') return;
    const known = spans.of(request);
    const isRoot = known === undefined && request.traceparent === undefined;
    // Tens of thousands a second are not recorded. A span of each would cost more than all else of them.
    if (isRoot && Math.random() >= rootRatio) return;
    const span = known ?? startRequest(request, isRoot ? recording : spans);
    if (span.isRecording()) {
      request.recordedTraceId = span.spanContext().traceId;
      describeEnd(span, end);
    }
    span.end(epochMs(request.startedAt + end.durationMs));
  });
}

function describeEnd(span: Span, { status, source, refusal, isComplete }: RequestEnd): void {
  span.setAttributes({ 'http.response.status_code': status, 'pjg.request.source': source });
  if (refusal !== undefined) span.setAttribute('error.type', refusal.code);
  else if (status >= 500) span.setAttribute('error.type', String(status));
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  if (!isComplete) span.setAttribute('pjg.request.abandoned', true);
}

function traceSubscriptions({ server, jobs }: LayerEvents, spans: Spans): void {
  const begunIn = new WeakMap<SubscriptionStart, Context>();
  /** The spans that found states. */
  const foundBy = new WeakMap<object, SpanContext>();
  jobs.on('stateFound', (state) => {
    const found = trace.getSpanContext(spans.current());
    if (found !== undefined) foundBy.set(state, found);
  });
  server.on('subscriptionStart', (subscription) => begunIn.set(subscription, spans.current()));
  server.on('subscriptionEvent', (subscription, job) =>
    spans
      .startLinked('subscription event', begunIn.get(subscription) ?? ROOT_CONTEXT, foundBy.get(job))
      .setAttribute('graphql.operation.type', 'subscription')
      .end(),
  );
}

function traceReads({ jobs }: LayerEvents, spans: Spans): void {
  jobs.on('sourceReadStart', (read: SourceRead) => {
    const span = spans.start('read job', SpanKind.INTERNAL, spans.current(), {});
    spans.keep(read, span);
    spans.enter(span);
  });
  jobs.on('sourceReadEnd', (read, source, isShared) => {
    const span = spans.of(read);
    if (source === undefined) span?.setStatus({ code: SpanStatusCode.ERROR });
    else span?.setAttributes({ 'pjg.read.source': source, 'pjg.read.shared': isShared });
    span?.end();
  });
  jobs.on('sweepStart', (sweep: Sweep) => {
    const span = spans.start('sweep', SpanKind.INTERNAL, ROOT_CONTEXT, { 'pjg.sweep.jobs': sweep.jobs });
    spans.keep(sweep, span);
    spans.enter(span);
  });
  jobs.on('sweepEnd', (sweep) => spans.of(sweep)?.end());
  jobs.on('lookStart', (look: ListLook) => {
    const span = spans.start('look', SpanKind.INTERNAL, ROOT_CONTEXT, { 'pjg.look.for': look.for });
    spans.keep(look, span);
    spans.enter(span);
  });
  jobs.on('lookEnd', (look) => spans.of(look)?.end());
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
      const attributes = { 'rpc.method': action };
      spans.start('ICE queue', SpanKind.INTERNAL, parent, attributes, now - queuedMs).end(epochMs(now));
    }
    const span = spans.start(`ICE ${action}`, SpanKind.CLIENT, parent, {
      'http.request.method': 'POST',
      ...server,
      'rpc.system.name': 'alibaba_cloud',
      'rpc.method': action,
      ...(number > 1 && { 'http.request.resend_count': number - 1 }),
    });
    spans.keep(attempt, span);
  });
  ice.on('attemptEnd', (attempt, { requestId, status, code, error }) => {
    const span = spans.of(attempt);
    if (status !== undefined) span?.setAttribute('http.response.status_code', status);
    if (requestId !== undefined) span?.setAttribute('alibaba_cloud.request_id', requestId);
    if (error !== undefined) {
      span?.setAttributes({ 'error.type': code ?? error, 'alibaba_cloud.error_code': error });
      span?.setStatus({ code: SpanStatusCode.ERROR });
    }
    span?.end();
  });
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The context that a client sent. An invalid header is none. */
function remoteContext(traceparent: string | undefined): Context {
  const parent = readTraceparent(traceparent);
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, parentId, isSampled } = parent;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags, isRemote: true });
}
