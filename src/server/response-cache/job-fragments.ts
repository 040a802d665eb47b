import { Kind, OperationTypeNode, type DocumentNode, type FieldNode, type GraphQLSchema } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { isFinished, type PackageJob } from '../../jobs/model.ts';
import { textBytes } from '../../jobs/text.ts';
import { jobBytes } from '../../jobs/weight.ts';
import type { OperationContext } from '../../resolvers/context.ts';
import { recordingPollAfterMs } from '../graphql/context.ts';
import { compiledBytes, compileOperation, type CompiledOperation } from '../graphql/jit/compile.ts';
import type { OperationRecord } from '../graphql/record.ts';
import { Doorkeeper } from './doorkeeper.ts';

/** What a cached fragment takes besides its text and its job, in bytes, as measured on 64 bits. */
const FRAGMENT_BYTES = 250;

/** About how many fragments are remembered to have come once. */
const MAX_SEEN = 16_384;

/** The context of resolvers that get one job after the other. */
export interface JobContext {
  job: PackageJob | undefined;
}

/** Writes what a field selects of a job as JSON. It gives `undefined` when that takes a call of ICE, or fails. */
export type WriteFragment = (job: PackageJob, context: JobContext) => string | undefined;

/** What a field selects of a job, prepared. */
export interface PreparedSelection {
  readonly write: WriteFragment;
  /** What it keeps alive besides its document, in bytes. */
  readonly bytes: number;
}

/** Writes jobs as fragments of JSON. The fragment of a finished job, which cannot change, is cached at its second request. */
export function createJobFragments(schema: GraphQLSchema, caches?: Caches) {
  const finished = new MeasuredCache<string, { readonly job: PackageJob; readonly text: string }>({
    maxSize: BOUNDS.jobFragments.max,
    // The store may have forgotten the job.
    sizeCalculation: ({ job, text }) => FRAGMENT_BYTES + textBytes(text) + jobBytes(job),
  });
  const seen = new Doorkeeper(MAX_SEEN);
  let selections = 0;
  caches?.set('job_fragments', finished);

  return {
    /** What the cached fragments take in memory, in bytes. */
    bytes: () => finished.calculatedSize,
    /** The context to write the jobs of one response with. The record gets what they show. */
    context: (record: OperationRecord, jobs: Pick<Jobs, 'pollAfterMs' | 'isTimed'>): JobContext =>
      contextOf(recordingPollAfterMs(jobs, record)),
    /** Prepares the selection of a field that gives jobs, `packageJob` or another. `undefined`: it cannot be prepared. */
    of(field: FieldNode, document: DocumentNode): PreparedSelection | undefined {
      const reading = readingOneJob(field, document);
      const compiled = compileOperation(schema, reading, undefined);
      if (compiled === undefined) return undefined;
      selections += 1;
      const selection = `${String(selections)} `;
      const writeFragment: WriteFragment = (job, context) => {
        if (!isFinished(job)) return write(compiled, job, context);
        const key = selection + job.id;
        const known = finished.get(key);
        if (known?.job === job) return known.text;
        const text = write(compiled, job, context);
        if (text !== undefined && seen.knows(key)) finished.set(key, { job, text });
        return text;
      };
      return { write: writeFragment, bytes: compiledBytes(reading) };
    },
  };
}

/** An operation with this field alone. The context says which job it is of. */
function readingOneJob({ name, selectionSet }: FieldNode, { definitions }: DocumentNode): DocumentNode {
  const isNode = name.value === 'node' || name.value === 'nodes';
  const field = {
    kind: Kind.FIELD,
    name: { kind: Kind.NAME, value: isNode ? 'node' : 'packageJob' },
    alias: { kind: Kind.NAME, value: 'job' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'id' },
        value: { kind: Kind.STRING, value: 'any' },
      },
    ],
    ...(selectionSet && { selectionSet }),
  } as const;
  const operation = {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
  } as const;
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] };
}

/** What the resolvers of jobs use of an operation's context. What is not in memory is an error, so that a route answers. */
function contextOf(pollAfterMs: OperationContext['pollAfterMs']): JobContext {
  const loaders = { packageJob: { load: () => context.job }, packageJobDetail: { load: notInMemory } };
  const context = {
    job: undefined as PackageJob | undefined,
    packageJob: () => context.job,
    loaders,
    pollAfterMs,
  };
  return context;
}

function notInMemory(): never {
  throw new Error('this takes a call of ICE');
}

function write(compiled: CompiledOperation, job: PackageJob, context: JobContext): string | undefined {
  context.job = job;
  const result = compiled(undefined, context, undefined);
  if ('then' in result || result.errors !== undefined) return undefined;
  return JSON.stringify(result.data?.['job']);
}
