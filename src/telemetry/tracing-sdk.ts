import type { Tracer } from '@opentelemetry/api';
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

/** A tracer, and how to end it. */
export interface TracerHandle {
  readonly tracer: Tracer;
  /** One that records every trace that it begins. */
  readonly recording: Tracer;
  /** The part of traces without a parent that is recorded, 0 to 1. */
  readonly rootRatio: number;
  /** Sends what is still to be sent. It takes {@link SHUTDOWN_MS} at most. */
  shutdown(): Promise<void>;
}

/** The most spans that wait to be sent. More of them are dropped. */
const MAX_QUEUED = 2048;
/** How long sending one batch may take, and all that is left when the gateway stops, in milliseconds. */
const EXPORT_MS = 10_000;
const SHUTDOWN_MS = 1000;

/** Starts OpenTelemetry's SDK for one gateway. Nothing of it is global. */
export function startTracer(
  { exporter, url, serviceName, sampler, ratio }: TracingConfig,
  version: string,
): TracerHandle {
  const resource = defaultResource().merge(
    resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
  );
  const processor = new BatchSpanProcessor({
    exporter:
      exporter === 'console'
        ? new ConsoleSpanExporter()
        : new OTLPTraceExporter(url === undefined ? {} : { url }),
    maxQueueSize: MAX_QUEUED,
    exportTimeoutMillis: EXPORT_MS,
  });
  const tracerOf = (own: Sampler) =>
    new TracerProvider({ resource, sampler: own, spanProcessors: [processor] }).getTracer(
      'package-job-gateway',
      version,
    );
  return {
    tracer: tracerOf(samplerOf(sampler, ratio)),
    recording: tracerOf(new AlwaysOnSampler()),
    rootRatio: sampler.endsWith('traceidratio') ? ratio : sampler.endsWith('always_off') ? 0 : 1,
    async shutdown() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, SHUTDOWN_MS);
      await Promise.race([processor.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
    },
  };
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
