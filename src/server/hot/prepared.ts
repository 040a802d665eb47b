import { LRUCache } from 'lru-cache';
import { Kind, type DocumentNode, type FieldNode, type GraphQLSchema, type ValueNode } from 'graphql';
import { isJobId, MAX_JOBS } from '../../jobs/input.ts';
import type { JobStore } from '../../jobs/store.ts';
import type { JobWatcher } from '../../jobs/watcher.ts';
import { createRecord, type OperationRecord, type RunOperation } from '../context.ts';
import { createJobTexts, type JobText } from './job-text.ts';
import { checkOperation } from '../limits.ts';
import type { NamedOperation } from './request-text.ts';

/** Most operations that are kept prepared, and most characters in their texts. */
const MAX_OPERATIONS = 500;
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** Most combinations of list lengths for which an operation is known to be within the limits. */
const MAX_SIZES = 1000;

/** An answer from memory: its text, as Apollo Server writes it, and what it was made of. */
export interface PreparedAnswer {
  readonly text: string;
  readonly record: OperationRecord;
}

export interface PreparedOptions {
  readonly schema: GraphQLSchema;
  readonly store: Pick<JobStore, 'recall'>;
  readonly watcher: Pick<JobWatcher, 'pollAfterMs' | 'isWatched'>;
}

/** Operations that need not be parsed, checked and executed anew, as they read jobs by their ids and nothing else. */
export interface PreparedOperations {
  /**
   * The answer, if the operation is prepared, its variables are what it takes, all its jobs are in memory, and there is
   * no error in it. Otherwise it is for Apollo Server to answer or to refuse.
   */
  answer(operation: NamedOperation): PreparedAnswer | undefined;
  /** Prepares an operation when it has run for the second time under this name. */
  learn(operation: NamedOperation, run: RunOperation): void;
}

/** A field at the root of an operation that reads jobs by their ids. */
interface JobField {
  /** Its name in the answer, as JSON, and a colon. */
  readonly key: string;
  readonly isList: boolean;
  /** The ids themselves, or the variable that has them. */
  readonly ids: readonly string[] | { readonly variable: string };
  readonly textOf: JobText;
}

interface Plan {
  readonly run: RunOperation;
  readonly fields: readonly JobField[];
  /** Of each variable, whether it is a list; validation has found that they are ids, as nothing else is passed on. */
  readonly variables: ReadonlyMap<string, boolean>;
  /** The lengths of the lists that are known to be within the limits. */
  readonly sizes: Set<string>;
}

export function createPreparedOperations({ schema, store, watcher }: PreparedOptions): PreparedOperations {
  const plans = new LRUCache<string, Plan | 'seen' | 'other'>({
    max: MAX_OPERATIONS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_plan, name) => name.length,
  });
  const texts = createJobTexts(schema, watcher);

  function isWithinLimits(
    { run, variables: expected, sizes }: Plan,
    variables: Readonly<Record<string, unknown>>,
  ): boolean {
    const size = [...expected.keys()].map((name) => lengthOf(variables[name])).join();
    if (sizes.has(size)) return true;
    try {
      checkOperation({ schema, ...run, variables });
    } catch {
      return false;
    }
    if (sizes.size >= MAX_SIZES) sizes.clear();
    sizes.add(size);
    return true;
  }

  return {
    answer({ name, variables }) {
      const plan = plans.get(name);
      if (plan === undefined || typeof plan === 'string') return undefined;
      const ids = idsOf(plan, variables);
      if (ids === undefined || !isWithinLimits(plan, variables)) return undefined;
      const known = store.recall(new Set(ids.flat()));
      if (known === undefined) return undefined;
      const record: OperationRecord = { ...createRecord(), shown: known };
      record.spared.hit = known.size;
      const context = texts.context(record);
      let text = '{"data":{';
      for (const [index, { key, isList, textOf }] of plan.fields.entries()) {
        if (index > 0) text += ',';
        text += isList ? `${key}[` : key;
        for (const [place, id] of (ids[index] ?? []).entries()) {
          const job = known.get(id)?.job;
          const part = job ? textOf(job, context) : 'null';
          if (part === undefined) return undefined;
          text += place > 0 ? `,${part}` : part;
        }
        if (isList) text += ']';
      }
      // Apollo Server ends its answers so.
      return { text: `${text}}}\n`, record };
    },
    learn({ name }, run) {
      const known = plans.get(name);
      if (known === undefined) plans.set(name, 'seen');
      if (known === 'seen') plans.set(name, planOf(run, texts) ?? 'other');
    },
  };
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 1;
}

/** The ids that each field asks for, or nothing when the variables are not just what the operation takes. */
function idsOf(
  { fields, variables: expected }: Plan,
  variables: Readonly<Record<string, unknown>>,
): readonly (readonly string[])[] | undefined {
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(variables)) {
    const isList = expected.get(name);
    if (isList === undefined || isList !== Array.isArray(value)) return undefined;
    const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (ids.length > MAX_JOBS || !ids.every(isJobId)) return undefined;
    values.set(name, ids);
  }
  if (values.size !== expected.size) return undefined;
  return fields.map(({ ids }) => ('variable' in ids ? (values.get(ids.variable) ?? []) : ids));
}

/** How to answer the query, if it does nothing but read jobs by ids. */
function planOf(run: RunOperation, texts: ReturnType<typeof createJobTexts>): Plan | undefined {
  const { document, definition } = run;
  const variables = new Map<string, boolean>();
  for (const { variable, type } of definition.variableDefinitions ?? []) {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    variables.set(variable.name.value, named.kind === Kind.LIST_TYPE);
  }
  const fields: JobField[] = [];
  for (const selection of definition.selectionSet.selections) {
    const field = selection.kind === Kind.FIELD ? jobField(selection, document, texts) : undefined;
    if (field === undefined || fields.some(({ key }) => key === field.key)) return undefined;
    fields.push(field);
  }
  return { run, fields, variables, sizes: new Set() };
}

/** The fields that read jobs by ids, and whether they give a list. */
const JOB_FIELDS = new Map([
  ['packageJob', false],
  ['node', false],
  ['packageJobsById', true],
  ['nodes', true],
]);

function jobField(
  field: FieldNode,
  document: DocumentNode,
  texts: ReturnType<typeof createJobTexts>,
): JobField | undefined {
  if ((field.directives ?? []).length > 0) return undefined;
  const isList = JOB_FIELDS.get(field.name.value);
  const [argument, ...others] = field.arguments ?? [];
  if (isList === undefined || argument === undefined || others.length > 0) return undefined;
  const ids = idsIn(argument.value);
  const textOf = ids && texts.of(field, document);
  if (ids === undefined || textOf === undefined) return undefined;
  return { key: `${JSON.stringify((field.alias ?? field.name).value)}:`, isList, ids, textOf };
}

function idsIn(value: ValueNode): JobField['ids'] | undefined {
  if (value.kind === Kind.VARIABLE) return { variable: value.name.value };
  const values = value.kind === Kind.LIST ? value.values : [value];
  const ids = values.map((item) => (item.kind === Kind.STRING ? item.value : undefined));
  return ids.length <= MAX_JOBS && ids.every(isJobId) ? ids : undefined;
}
