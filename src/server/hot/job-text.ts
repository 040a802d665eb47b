import { LRUCache } from 'lru-cache';
import { Kind, OperationTypeNode, type DocumentNode, type FieldNode, type GraphQLSchema } from 'graphql';
import { isFinished, type PackageJob } from '../../jobs/model.ts';
import type { JobWatcher } from '../../jobs/watcher.ts';
import type { OperationContext } from '../../resolvers/context.ts';
import { notingPolls, type OperationRecord } from '../context.ts';
import { compileOperation, type CompiledOperation } from './compiled.ts';
import { Doorkeeper } from './doorkeeper.ts';

/** Most texts of finished jobs that are kept, each with its job, and the most they may take, in characters. */
const MAX_TEXTS = 32_768;
const MAX_CHARACTERS = 32 * 1024 * 1024;

/** Among how many texts one has to be asked for again to be kept. */
const MAX_ASKED = 16_384;

/** The context of resolvers that are given one job after the other. */
export interface JobContext {
  job: PackageJob | undefined;
}

/** The JSON of what a field selects of a job; `undefined` when that takes a call of ICE, or fails. */
export type JobText = (job: PackageJob, context: JobContext) => string | undefined;

/** Writes jobs as JSON. That of a finished one, which cannot change, is kept for each selection that asks for it again. */
export function createJobTexts(
  schema: GraphQLSchema,
  watcher: Pick<JobWatcher, 'pollAfterMs' | 'isWatched'>,
) {
  const finished = new LRUCache<string, { readonly job: PackageJob; readonly text: string }>({
    max: MAX_TEXTS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ text }, key) => text.length + key.length,
  });
  const asked = new Doorkeeper(MAX_ASKED);
  let selections = 0;

  return {
    /** The context to write the jobs of one answer with; the record learns what they show. */
    context: (record: OperationRecord): JobContext => contextOf(notingPolls(watcher, record)),
    /** Prepares the selection of a field that gives jobs, `packageJob` or another; `undefined` if that cannot be done. */
    of(field: FieldNode, document: DocumentNode): JobText | undefined {
      const compiled = compileOperation(schema, readingOneJob(field, document), undefined);
      if (compiled === undefined) return undefined;
      selections += 1;
      const selection = `${String(selections)} `;
      return (job, context) => {
        if (!isFinished(job)) return write(compiled, job, context);
        const key = selection + job.id;
        const known = finished.get(key);
        if (known?.job === job) return known.text;
        const text = write(compiled, job, context);
        if (text !== undefined && asked.knows(key)) finished.set(key, { job, text });
        return text;
      };
    },
  };
}

/** The field alone, of whatever job: which one is told by the context. */
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

/** What resolvers of jobs use of an operation's context. What is not in memory is an error, so that others answer. */
function contextOf(pollAfterMs: OperationContext['pollAfterMs']): JobContext {
  const loaders = { packageJob: { load: () => context.job }, wholePackageJob: { load: notInMemory } };
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
