import type { ActionState, IceAction } from '../ice/actions.ts';
import type { IceEmitter } from '../ice/events.ts';
import type { JobsEmitter, JobsUsage } from '../jobs/events.ts';
import type { Caches } from '../measured-cache.ts';
import type { ServerEmitter } from '../server/events.ts';
import type { ReplicasMetrics } from './replicas-metrics.ts';
import type { SpanCounts } from './tracing-sdk.ts';

/** What the layers of one gateway tell. */
export interface LayerEvents {
  readonly ice: IceEmitter;
  readonly jobs: JobsEmitter;
  readonly server: ServerEmitter;
}

/** All of one gateway that metrics are made of. */
export interface Observed {
  readonly events: LayerEvents;
  /** The state of each action of ICE at this moment. */
  readonly ice: { readonly state: Readonly<Record<IceAction, ActionState>> };
  readonly jobs: { readonly usage: JobsUsage };
  readonly caches: Caches;
  /** What became of the spans of traces. `undefined`: there are no traces. */
  readonly spans: Readonly<SpanCounts> | undefined;
  /** What has happened between replicas. `undefined`: nothing is shared. */
  readonly replicas?: ReplicasMetrics | undefined;
  /** Of the gateway. */
  readonly version: string;
  /** The longest that an unfinished job is served without asking ICE, in milliseconds. */
  readonly jobMaxAgeMs: number;
  /** The codes of all errors that clients can be told. */
  readonly errorCodes: readonly string[];
  /** The names of the operations of the manifest. Any other name is one that a client made up. */
  readonly operationNames: readonly string[];
  /** The clock that states age by, in milliseconds since 1970. */
  readonly now: () => number;
}
