import { EventEmitter } from 'node:events';
import type { IceEmitter, IceEvents } from '../../src/ice/events.ts';
import type { JobsEmitter, JobsEvents } from '../../src/jobs/events.ts';
import type { ServerEmitter, ServerEvents } from '../../src/server/events.ts';

/** Emitters that nobody listens to, until a test does. */
export function createEvents(): {
  readonly ice: IceEmitter;
  readonly jobs: JobsEmitter;
  readonly server: ServerEmitter;
} {
  return {
    ice: new EventEmitter<IceEvents>(),
    jobs: new EventEmitter<JobsEvents>(),
    server: new EventEmitter<ServerEvents>(),
  };
}
