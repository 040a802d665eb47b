import { createNoopMeter, type Counter, type MeterProvider, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';

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

/** A tracer, and how to end it. */
export interface TracerHandle {
  readonly tracer: Tracer;
  /** One that records every trace that it begins. */
  readonly recording: Tracer;
  /** The part of traces without a parent that is recorded, 0 to 1. */
  readonly rootRatio: number;
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
export function startTracer(
  { exporter, url, serviceName, sampler, ratio }: TracingConfig,
  version: string,
  onFailure: (reason: string) => void,
): TracerHandle {
  const resource = defaultResource().merge(
    resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
  );
  const spans: SpanCounts = { sent: 0, failed: 0, dropped: 0 };
  const own =
    exporter === 'console'
      ? new ConsoleSpanExporter()
      : new OTLPTraceExporter(url === undefined ? {} : { url });
  const processor = new BatchSpanProcessor({
    exporter: counted(own, spans, onFailure),
    maxQueueSize: MAX_QUEUED,
    exportTimeoutMillis: EXPORT_MS,
    selfObsMeterProvider: meterOfDropped(spans),
  });
  const tracerOf = (own: Sampler) =>
    new TracerProvider({ resource, sampler: own, spanProcessors: [processor] }).getTracer(
      'package-job-gateway',
      version,
    );
  return {
    tracer: tracerOf(samplerOf(sampler, ratio)),
    recording: tracerOf(new AlwaysOnSampler()),
    spans,
    rootRatio: sampler.endsWith('traceidratio') ? ratio : sampler.endsWith('always_off') ? 0 : 1,
    async shutdown() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, SHUTDOWN_MS);
      await Promise.race([processor.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
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

function samplerOf(name: SamplerName, ratio: number): Sampler {
  const [, parentBased, own] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const root =
    own === 'traceidratio'
      ? new TraceIdRatioBasedSampler(ratio)
      : own === 'always_off'
        ? new AlwaysOffSampler()
        : new AlwaysOnSampler();
  return parentBased === undefined ? root : new ParentBasedSampler({ root });
}
