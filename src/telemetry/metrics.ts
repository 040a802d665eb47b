import { httpMetrics } from './http-metrics.ts';
import { iceMetrics } from './ice-metrics.ts';
import { jobsMetrics } from './jobs-metrics.ts';
import type { Observed } from './observed.ts';
import { operationMetrics } from './operation-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { createExposition, type Exposition } from './registry.ts';

/** All metrics as text. See {@link Exposition.collect}. */
export type CollectMetrics = Exposition['collect'];

/** Makes the metrics of one gateway from what its layers tell. `docs/telemetry.md` lists them. */
export function createMetrics(observed: Observed): CollectMetrics {
  const exposition = createExposition();
  const { register } = exposition;
  httpMetrics(observed.events, register);
  operationMetrics(observed, register);
  iceMetrics(observed, register);
  jobsMetrics(observed, register);
  observed.replicas?.(register);
  processMetrics(observed, exposition);
  return (format) => exposition.collect(format);
}
