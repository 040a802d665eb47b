import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { startEmulator, type Emulator, type NewJob } from '../../../src/emulator/server.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { NO_LIMITS } from '../../support/limits.ts';

/** Warm jobs of each kind. */
const WARM = 10;
/** More than an outage has reads of. */
const COLD = 1000;

/** Jobs under ids that are given, so that an ICE started anew has the same ones. */
export interface Jobs {
  readonly unfinished: readonly string[];
  readonly finished: readonly string[];
  /** Read during an outage for the first time. */
  readonly cold: readonly string[];
  readonly definitions: readonly NewJob[];
}

function make(length: number, finishTime: number): (NewJob & { readonly jobId: string })[] {
  return Array.from({ length }, (_, index) => ({
    jobId: randomUUID().replaceAll('-', ''),
    createTime: Date.now() - 60_000 + 10 * index,
    finishTime,
  }));
}

export function makeJobs(): Jobs {
  const [unfinished, finished] = [make(WARM, Infinity), make(WARM, Date.now() - 10_000)];
  const cold = make(COLD, Date.now() - 10_000);
  return {
    unfinished: unfinished.map(({ jobId }) => jobId),
    finished: finished.map(({ jobId }) => jobId),
    cold: cold.map(({ jobId }) => jobId),
    definitions: [...unfinished, ...finished, ...cold],
  };
}

export function addTo({ jobs }: Emulator, { definitions }: Jobs): void {
  for (const definition of definitions) jobs.add(definition);
}

/** An ICE on the port of one that was closed, which knows these jobs. */
export async function restart({ endpoint }: Emulator, jobs: Jobs): Promise<Emulator> {
  const emulator = await startEmulator({ port: Number(new URL(endpoint).port), limits: NO_LIMITS });
  addTo(emulator, jobs);
  return emulator;
}

const JOB = 'query ($id: ID!) { packageJob(id: $id) { id status observedAt outputUrl } }';

/** A read of one job, as its caller saw it. */
export interface Read {
  readonly kind: 'unfinished' | 'finished' | 'cold';
  readonly startedAt: number;
  readonly elapsedMs: number;
  readonly job: { readonly id: string; readonly status: string; readonly observedAt: string } | null;
  readonly error: Readonly<Record<string, unknown>> | undefined;
}

export async function read(gateway: TestGateway, kind: Read['kind'], id: string): Promise<Read> {
  const startedAt = Date.now();
  const start = performance.now();
  const { status, data, errors } = await gateway.query(JOB, { id });
  expect(status).toBe(200);
  const job = (data as { packageJob: Read['job'] }).packageJob;
  return { kind, startedAt, elapsedMs: performance.now() - start, job, error: errors?.[0]?.extensions };
}

/** The kinds in turn, warm jobs in rotation, and each cold id but once. */
export function pick({ unfinished, finished, cold }: Jobs, index: number): readonly [Read['kind'], string] {
  const round = Math.floor(index / 3);
  if (index % 3 === 0) return ['unfinished', unfinished[round % unfinished.length] ?? ''];
  if (index % 3 === 1) return ['finished', finished[round % finished.length] ?? ''];
  return ['cold', cold[round] ?? ''];
}
