import { readConfig } from '../../../src/config.ts';
import { decodeJobResponse } from '../../../src/ice/decode.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { createLoaders } from '../../../src/loaders/loaders.ts';
import { startDeadline } from '../../../src/server/graphql/deadline.ts';
import { createEvents } from '../../support/events.ts';
import type { SectionResult } from '../support/result.ts';

const JOBS = 100_000;
const JOBS_PER_OPERATION = 100;
const MAX_JOBS = 10_000;
const MARKS = new Set([10_000, 20_000, 50_000, JOBS]);
/** How much the heap may grow between 20,000 and all jobs, when nothing is kept beyond the limit. */
const MAX_GROWTH = 0.2;

/**
 * Reads many more jobs than the store may remember, through loaders, store and planner, from an ICE in this process
 * whose every answer is decoded anew. The process must have been started with `--expose-gc`.
 */
export async function soak(): Promise<SectionResult> {
  const config = readConfig({ CACHE_MAX_JOBS: String(MAX_JOBS) });
  const ice = {
    getPackageJob: (id: string) => Promise.resolve({ value: readJob(id) ?? null, observedAt: Date.now() }),
    listPackageJobs: () => Promise.reject(new Error('no job is read twice, so nothing is listed')),
  };
  const events = createEvents().jobs;
  const { isListBatchingOn, freshness, maxJobs } = config;
  const store = new JobStore({
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn, now: Date.now, events }),
    freshness,
    maxJobs,
    now: Date.now,
    events,
  });
  const jobs = {
    get: (...args: Parameters<JobStore['get']>) => store.get(...args),
    peek: (id: string) => store.peek(id),
    list: () => Promise.reject(new Error('only reads by id are measured')),
  };
  const heap = new Map<number, number>();
  const startedAt = performance.now();
  for (let first = 0; first < JOBS; first += JOBS_PER_OPERATION) {
    const deadline = startDeadline(config.operationTimeoutMs, new AbortController().signal, () =>
      Promise.resolve(),
    );
    const context = {
      signal: deadline.signal,
      client: '',
      turnKey: deadline,
      onCall: () => undefined,
      onCacheStatus: () => undefined,
    };
    const loaders = createLoaders(jobs, context, {
      detailOfUnknown: () => 'summary',
      onEntry: () => undefined,
      onPage: () => undefined,
    });
    const ids = Array.from({ length: JOBS_PER_OPERATION }, (_, index) => idOf(first + index));
    await Promise.all(ids.map((id) => loaders.packageJob.load(id)));
    deadline.end();
    const read = first + JOBS_PER_OPERATION;
    if (MARKS.has(read)) heap.set(read, heapMegabytes());
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const growth = (heap.get(JOBS) ?? NaN) / (heap.get(20_000) ?? NaN) - 1;
  return {
    summary: `${JOBS.toLocaleString('en')} distinct jobs through a store of ${MAX_JOBS.toLocaleString('en')}`,
    figures: [
      ...[...heap].map(([read, megabytes]) => ({
        name: `heap after ${read.toLocaleString('en')} jobs, collected`,
        value: megabytes,
        unit: 'MB',
      })),
      { name: 'jobs remembered at the end', value: store.size, unit: '' },
      { name: 'duration', value: seconds, unit: 's' },
    ],
    checks: [
      {
        promise: `no more than ${MAX_JOBS.toLocaleString('en')} jobs are remembered`,
        isKept: store.size <= MAX_JOBS,
      },
      {
        promise: `the heap stays within 20 % from 20,000 jobs on: ${(100 * growth).toFixed(1)} %`,
        isKept: growth < MAX_GROWTH,
      },
    ],
  };
}

function idOf(index: number): string {
  return index.toString(16).padStart(32, '0');
}

/** A job as ICE writes it; every other one has finished. */
function readJob(id: string) {
  const isFinished = Number.parseInt(id.slice(-1), 16) % 2 === 0;
  const text = JSON.stringify({
    PackageJob: {
      JobId: id,
      Name: `job ${id}`,
      Status: isFinished ? 'Success' : 'Init',
      TriggerSource: 'API',
      Inputs: [{ Input: { Type: 'OSS', Media: `oss://bucket/path/${id}/video.mp4` } }],
      Output: { Type: 'OSS', Media: `oss://bucket/path/${id}/video.m3u8` },
      ...(isFinished && { OutputUrl: `http://bucket.oss-cn-shanghai.aliyuncs.com/path/${id}/video.m3u8` }),
      PipelineId: '36f3fee40aa047c0b067d0fb85ed4c1b',
      Priority: 6,
      SubmitTime: '2026-01-01T00:00:00Z',
      CreateTime: '2026-01-01T00:00:00Z',
      ModifiedTime: '2026-01-01T00:00:00Z',
      UserData: JSON.stringify({ id }),
    },
  });
  return decodeJobResponse(JSON.parse(text) as Record<string, unknown>, () => undefined);
}

function heapMegabytes(): number {
  if (globalThis.gc === undefined) throw new Error('start this with --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1_000_000;
}
