import {
  createNoopMeter,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type Counter,
  type HrTime,
  type MeterProvider,
  type SpanContext,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { TraceParent } from '../traceparent.ts';

/** Where spans go, and which ones. */
export interface TracingConfig {
  readonly exporter: 'otlp' | 'console';
  /** Where OTLP goes, such as `http://127.0.0.1:4318/v1/traces`. @default what OpenTelemetry's own variables say */
  readonly url: string | undefined;
  readonly serviceName: string;
  readonly sampler: SamplerName;
  /** The part of traces that is recorded, by the samplers that take one. 0 to 1. */
  readonly ratio: number;
}

/** OpenTelemetry's names. With `parentbased` a client that sends `traceparent` decides. */
export type SamplerName = `${'' | 'parentbased_'}${'always_on' | 'always_off' | 'traceidratio'}`;

/** What became of spans since the start. Every number only grows. */
export interface SpanCounts {
  /** The collector took them. */
  sent: number;
  /** The collector did not take them, or not in time. */
  failed: number;
  /** Too many others waited to be sent. */
  dropped: number;
}

/** A span that is told of once it has ended. */
export interface WholeSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** `undefined`: its trace begins with it. */
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isError: boolean;
}

/** Decides what is recorded, and records it. */
export interface Recorder {
  /**
   * Whether a trace is recorded.
   *
   * @param parent the span of a client that it is below. `undefined`: it begins here, and chance decides
   */
  readonly isRecorded: (parent: TraceParent | undefined) => boolean;
  /** An id for a trace that is not recorded. */
  readonly newTraceId: () => string;
  /** It records every span. */
  readonly tracer: Tracer;
  /**
   * Records a span that has ended, for a fraction of what the tracer takes for one.
   *
   * @returns the id of its trace
   */
  readonly record: (span: WholeSpan) => string;
}

/** A recorder, and how to end it. */
export interface RecorderHandle extends Recorder {
  readonly spans: Readonly<SpanCounts>;
  /** Sends what is still to be sent. It takes {@link SHUTDOWN_MS} at most. */
  shutdown(): Promise<void>;
}

/** The most spans that wait to be sent. More of them are dropped. */
const MAX_QUEUED = 2048;
/** How long sending one batch may take, and all that is left when the gateway stops, in milliseconds. */
const EXPORT_MS = 10_000;
const SHUTDOWN_MS = 1000;

/**
 * Starts OpenTelemetry's SDK for one gateway. Nothing of it is global.
 *
 * @param onFailure is called for each batch of spans that the collector did not take, with a code such as `ECONNREFUSED`
 */
export function startRecorder(
  { exporter, url, serviceName, sampler, ratio }: TracingConfig,
  version: string,
  onFailure: (reason: string) => void,
): RecorderHandle {
  const resource = defaultResource().merge(
    resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
  );
  const spans: SpanCounts = { sent: 0, failed: 0, dropped: 0 };
  const own = exporter === 'console' ? new ConsoleSpanExporter() : loadedLater(() => loadOtlp(url));
  const processor = new BatchSpanProcessor({
    exporter: counted(own, spans, onFailure),
    maxQueueSize: MAX_QUEUED,
    exportTimeoutMillis: EXPORT_MS,
    selfObsMeterProvider: meterOfDropped(spans),
  });
  const scope = { name: 'package-job-gateway', version };
  const provider = new TracerProvider({
    resource,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
  });
  const ids = new RandomIdGenerator();
  return {
    isRecorded: createIsRecorded(sampler, ratio),
    newTraceId: () => ids.generateTraceId(),
    tracer: provider.getTracer(scope.name, version),
    record(whole) {
      const traceId = whole.parent?.traceId ?? ids.generateTraceId();
      const context = { traceId, spanId: ids.generateSpanId(), traceFlags: TraceFlags.SAMPLED };
      processor.onEnd({
        ...readable(whole),
        spanContext: () => context,
        resource,
        instrumentationScope: scope,
      });
      return traceId;
    },
    spans,
    async shutdown() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, SHUTDOWN_MS);
      await Promise.race([processor.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
}

/** What an exporter reads of a span, besides whose it is. */
function readable({
  name,
  kind,
  parent,
  attributes,
  startedAt,
  endedAt,
  isError,
}: WholeSpan): Omit<ReadableSpan, 'spanContext' | 'resource' | 'instrumentationScope'> {
  return {
    name,
    kind,
    ...(parent !== undefined && { parentSpanContext: parent }),
    startTime: timeOf(startedAt),
    endTime: timeOf(endedAt),
    duration: timeOf(endedAt - startedAt),
    ended: true,
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    links: [],
    events: [],
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds, and nanoseconds of the second, of a time in milliseconds. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - 1000 * seconds) * 1e6)];
}

/**
 * Nothing that sends is loaded before there is something to send, which is half of all that traces load. The first batch waits
 * for it.
 */
function loadedLater(load: () => Promise<SpanExporter>): SpanExporter {
  let loading: Promise<SpanExporter> | undefined;
  return {
    export(spans, onResult) {
      loading ??= load();
      loading.then(
        (exporter) => exporter.export(spans, onResult),
        (error: unknown) =>
          onResult({ code: FAILED, error: error instanceof Error ? error : new Error(String(error)) }),
      );
    },
    async shutdown() {
      await (await loading)?.shutdown();
    },
  };
}

/** `ExportResultCode.FAILED` of OpenTelemetry's core. */
const FAILED = 1;

async function loadOtlp(url: string | undefined): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter(url === undefined ? {} : { url });
}

/** An exporter that counts what becomes of the spans it is given. */
function counted(
  exporter: SpanExporter,
  counts: SpanCounts,
  onFailure: (reason: string) => void,
): SpanExporter {
  return {
    export(spans, onResult) {
      exporter.export(spans, (result) => {
        const isSent = result.error === undefined;
        counts[isSent ? 'sent' : 'failed'] += spans.length;
        if (!isSent) onFailure(reasonOf(result.error));
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

/** A code. The message could name the address, which can have a password in it. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'unknown';
  const { cause } = error;
  const coded = cause instanceof Error ? cause : error;
  const code: unknown = 'code' in coded ? coded.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : error.name;
}

/** Counts the spans that the processor drops, which it tells nobody but a meter. */
function meterOfDropped(counts: SpanCounts): MeterProvider {
  const counter: Counter = {
    add(spans, attributes) {
      if (attributes?.['error.type'] === 'queue_full') counts.dropped += spans;
    },
  };
  // oxlint-disable-next-line no-unsafe-type-assertion -- it has all that it inherits
  const meter = Object.create(createNoopMeter(), {
    createCounter: { value: () => counter },
  }) as ReturnType<typeof createNoopMeter>;
  return { getMeter: () => meter };
}

/** Decides as OpenTelemetry's samplers do, ahead of everything that a span is made of. */
function createIsRecorded(name: SamplerName, ratio: number): Recorder['isRecorded'] {
  const [, parentBased, own = ''] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const share = own === 'traceidratio' ? ratio : own === 'always_off' ? 0 : 1;
  const byId = new TraceIdRatioBasedSampler(share);
  return (parent) => {
    // The ids of traces that begin here are random, so this is the share of them that a sampler by their ids would take.
    if (parent === undefined) return Math.random() < share;
    if (parentBased !== undefined) return parent.isSampled;
    return byId.shouldSample(ROOT_CONTEXT, parent.traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
}
