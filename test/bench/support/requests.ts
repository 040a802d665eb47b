import { readFileSync } from 'node:fs';
import type { Emulator } from '../../../src/emulator/server.ts';
import { postOf } from './load.ts';

/** How many jobs there are, and how many of them are asked for again and again. */
const JOBS = 10_000;
const JOBS_IN_VIEW = 1000;
/** How many different documents there are. */
const DOCUMENTS = 8;

/** Requests for jobs by their ids, every field, in the bytes that are sent. */
export interface Requests {
  /** Always the same. */
  repeated(size: number): () => string;
  /**
   * Never the same twice: the ids change, the document does, and a number in it that no server looks at. The jobs are a
   * thousand, so that the same job is asked for by the same document now and then.
   */
  neverRepeated(size: number): () => string;
  /** As that, with so many jobs that hardly one is asked for by the same document twice. */
  everNew(size: number): () => string;
  /** Bodies that have every job read once. */
  readonly all: readonly string[];
}

/** Adds finished jobs to the emulator, and makes requests for them. */
export function createRequests(emulator: Emulator): Requests {
  const finishTime = Date.now();
  const createTime = finishTime - 60_000;
  const userData = '{"param":"value"}';
  const ids = Array.from({ length: JOBS }, (_, index) =>
    emulator.jobs.add({ name: `job ${String(index)}`, createTime, finishTime, userData }),
  );
  const documents = Array.from({ length: DOCUMENTS }, (_, index) => document(index));
  let count = 0;

  /** Ids far from each other, and others each time. */
  const idsFrom = (start: number, size: number, jobs: number) =>
    Array.from({ length: size }, (_, index) => ids[(start * 7919 + index * 1009) % jobs] ?? '');
  const changing = (size: number, jobs: number) => () => {
    count += 1;
    return postOf(body(documents[count % DOCUMENTS] ?? '', idsFrom(count, size, jobs), count));
  };

  return {
    repeated(size) {
      const request = postOf(body(documents[0] ?? '', idsFrom(1, size, JOBS), 0));
      return () => request;
    },
    neverRepeated: (size) => changing(size, JOBS_IN_VIEW),
    everNew: (size) => changing(size, JOBS),
    all: Array.from({ length: JOBS / 100 }, (_, index) =>
      body(documents[0] ?? '', ids.slice(index * 100, (index + 1) * 100), 0),
    ),
  };
}

function body(query: string, ids: readonly string[], number: number): string {
  const extensions = { clientLibrary: { name: 'bench', version: String(number) } };
  return JSON.stringify({ query, variables: { ids }, extensions });
}

/** The example operation with every field, for any number of jobs; each differs from the others in the fields' order. */
function document(index: number): string {
  const file = new URL('../../../schema/operations/package-job.graphql', import.meta.url);
  const single = readFileSync(file, 'utf8');
  const leaves = [
    'pipelineId',
    'priority',
    'code',
    'message',
    'submitTime',
    'finishTime',
    'createTime',
    'modifiedTime',
  ];
  const rotated = [...leaves.slice(index), ...leaves.slice(0, index)].join('\n    ');
  return single
    .replace(/query PackageJob\([^)]*\)/, `query PackageJobs${String(index)}($ids: [ID!]!)`)
    .replace('packageJob(id: $id)', 'packageJobsById(ids: $ids)')
    .replace(/pipelineId\s[\s\S]*modifiedTime/, rotated);
}
