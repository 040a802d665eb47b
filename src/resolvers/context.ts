import type { PollInterval } from '../jobs/model.ts';
import type { Loaders } from '../loaders/loaders.ts';

/** What resolvers are given, for the length of one operation. */
export interface OperationContext {
  readonly loaders: Loaders;
  readonly pollInterval: PollInterval;
}
