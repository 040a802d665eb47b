import { assertObjectType, type DocumentNode, type FieldNode, type GraphQLSchema } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { isFinished, type PackageJob } from '../../jobs/model.ts';
import { textBytes } from '../../jobs/text.ts';
import { jobBytes } from '../../jobs/weight.ts';
import type { OperationContext } from '../../resolvers/context.ts';
import { recordingPollAfterMs } from '../graphql/context.ts';
import type { OperationRecord } from '../graphql/record.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { prepareSelection, type SelectionWriter } from './selection-writer.ts';

/** What a cached fragment takes besides its text and its job, in bytes, as measured on 64 bits. */
const FRAGMENT_BYTES = 250;

/** What a prepared field takes, in bytes: its functions and what they refer to. It was measured at 300. */
const FIELD_BYTES = 400;

/** About how many fragments are remembered to have come once. */
const MAX_SEEN = 16_384;

/** What the resolvers of jobs use of an operation's context. */
export interface JobContext extends Pick<OperationContext, 'pollAfterMs'> {
  readonly loaders: { readonly packageJobDetail: { load(id: string): never } };
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
  const type = assertObjectType(schema.getType('PackageJob'));
  let selections = 0;
  caches?.set('job_fragments', finished);

  return {
    /** What the cached fragments take in memory, in bytes. */
    bytes: () => finished.calculatedSize,
    /** The context to write the jobs of one response with. The record gets what they show. */
    context: (record: OperationRecord, jobs: Pick<Jobs, 'pollAfterMs' | 'isTimed'>): JobContext => ({
      loaders: NO_LOADERS,
      pollAfterMs: recordingPollAfterMs(jobs, record),
    }),
    /** Prepares the selection of a field that gives jobs, `packageJob` or another. `undefined`: it cannot be prepared. */
    of({ selectionSet }: FieldNode, document: DocumentNode): PreparedSelection | undefined {
      const writer = selectionSet && prepareSelection<JobContext>(schema, type, selectionSet, document);
      if (writer === undefined) return undefined;
      selections += 1;
      const selection = `${String(selections)} `;
      const writeFragment: WriteFragment = (job, context) => {
        if (!isFinished(job)) return write(writer, job, context);
        const key = selection + job.id;
        const known = finished.get(key);
        if (known?.job === job) return known.text;
        const text = write(writer, job, context);
        // It is one text then. As it was written, it is made of many.
        if (text !== undefined && seen.knows(key))
          finished.set(key, { job, text: Buffer.from(text).toString() });
        return text;
      };
      return { write: writeFragment, bytes: FIELD_BYTES * writer.fields };
    },
  };
}

/** What is not in memory is an error, so that a route answers. */
const NO_LOADERS: JobContext['loaders'] = {
  packageJobDetail: {
    load() {
      throw new Error('this takes a call of ICE');
    },
  },
};

function write(
  writer: SelectionWriter<JobContext>,
  job: PackageJob,
  context: JobContext,
): string | undefined {
  try {
    return writer.write(job, context);
  } catch {
    // A resolver or a scalar has refused a value. A route says why.
    return undefined;
  }
}
