import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type ValueNode,
} from 'graphql';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import { isJobId, MAX_JOBS } from '../../jobs/input.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { checkOperation, type CheckedOperation } from '../graphql/checked-operation.ts';
import { BOUNDS } from '../../bounds.ts';
import { CompileBudget } from '../graphql/jit/compile.ts';
import { createRecord, loggedName, type OperationRecord } from '../graphql/record.ts';
import { textBytes } from '../../jobs/text.ts';
import { documentBytes } from '../graphql/weight.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { createJobFragments, type WriteFragment } from './job-fragments.ts';
import type { NamedOperation } from './named-operation.ts';

/** The most combinations of list lengths for which an operation is known to be within the limits. */
const MAX_SIZES = 128;

/** What a combination takes in memory for each variable, and besides, in bytes. */
const SIZE_BYTES = { variable: 4, entry: 64 };

/** What an entry takes besides its name and its operation, in bytes. */
const ENTRY_BYTES = 500;

/** About how many operations are remembered to have come once. */
const MAX_SEEN = 4096;

/** A result from memory: its text, as Apollo Server writes it, and what it was made of. */
export interface PreparedResult {
  readonly text: string;
  readonly record: OperationRecord;
}

/** Operations that were parsed, checked and compiled once. They read jobs by their ids and nothing else. */
export interface PreparedOperations {
  /**
   * The result, if the operation is prepared, its variables have the right types, all its jobs are in memory, and it has no
   * error. In any other case Apollo Server answers or refuses the request.
   */
  execute(operation: NamedOperation, jobs: PreparedJobs): PreparedResult | undefined;
  /** Prepares a query at its second request under this name. */
  prepare(name: NamedOperation, operation: CheckedOperation): void;
}

/** The part of the door to jobs that prepared operations use. */
export type PreparedJobs = Pick<Jobs, 'getFreshMany' | 'pollAfterMs' | 'isTimed'>;

/** A field at the root of an operation that reads jobs by their ids. */
interface JobField {
  /** Its name in the response, as JSON, and a colon. */
  readonly key: string;
  readonly isList: boolean;
  /** The ids themselves, or the name of their variable. */
  readonly ids: readonly string[] | { readonly variable: string };
  readonly write: WriteFragment;
  /** What the compiled selection keeps alive, in bytes. */
  readonly bytes: number;
}

type JobFragments = ReturnType<typeof createJobFragments>;

interface Plan {
  readonly operation: Omit<CheckedOperation, 'variables'>;
  /** The beginning of its name, as the log has it. */
  readonly operationName: string | null;
  readonly fields: readonly JobField[];
  /** Whether each variable is a list. Validation has found that they are ids. */
  readonly variables: ReadonlyMap<string, boolean>;
  /** The lengths of the lists that are known to be within the limits. */
  readonly sizes: Set<string>;
}

export function createPreparedOperations(schema: GraphQLSchema, caches?: Caches): PreparedOperations {
  const plans = new MeasuredCache<string, Plan | 'other'>({
    maxSize: BOUNDS.preparedOperations.max,
    sizeCalculation: (plan, name) => ENTRY_BYTES + textBytes(name) + (plan === 'other' ? 0 : planBytes(plan)),
  });
  const seen = new Doorkeeper(MAX_SEEN);
  const budget = new CompileBudget();
  const fragments = createJobFragments(schema, caches);
  caches?.set('prepared_operations', plans);

  function isWithinLimits(
    { operation, variables: expected, sizes }: Plan,
    variables: Readonly<Record<string, unknown>>,
  ): boolean {
    const size = [...expected.keys()].map((name) => lengthOf(variables[name])).join();
    if (sizes.has(size)) return true;
    try {
      checkOperation(schema, { ...operation, variables });
    } catch {
      return false;
    }
    if (sizes.size >= MAX_SIZES) sizes.clear();
    sizes.add(size);
    return true;
  }

  return {
    execute({ name, variables }, jobs) {
      const plan = plans.get(name);
      if (plan === undefined || plan === 'other') return undefined;
      const ids = idsOf(plan, variables);
      if (ids === undefined || !isWithinLimits(plan, variables)) return undefined;
      const entries = jobs.getFreshMany(new Set(ids.flat()));
      if (entries === undefined) return undefined;
      const record: OperationRecord = { ...createRecord(), dependencies: entries };
      record.cached.hit = entries.size;
      record.operationName = plan.operationName;
      const context = fragments.context(record, jobs);
      let text = '{"data":{';
      for (const [index, { key, isList, write }] of plan.fields.entries()) {
        if (index > 0) text += ',';
        text += isList ? `${key}[` : key;
        for (const [place, id] of (ids[index] ?? []).entries()) {
          const job = entries.get(id)?.job;
          const part = job ? write(job, context) : 'null';
          if (part === undefined) return undefined;
          text += place > 0 ? `,${part}` : part;
        }
        if (isList) text += ']';
      }
      // Apollo Server ends its responses so.
      return { text: `${text}}}\n`, record };
    },
    prepare({ name }, operation) {
      if (operation.definition.operation !== OperationTypeNode.QUERY) return;
      if (plans.has(name) || !seen.knows(name) || !budget.take(operation.document)) return;
      plans.set(name, planOf(operation, fragments) ?? 'other');
    },
  };
}

/** What a plan keeps alive, in bytes. */
function planBytes({ operation: { document }, fields, variables }: Plan): number {
  const sizes = MAX_SIZES * (SIZE_BYTES.entry + SIZE_BYTES.variable * variables.size);
  return fields.reduce((sum, { bytes }) => sum + bytes, documentBytes(document) + sizes);
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 1;
}

/** The ids that each field asks for. It is `undefined` when the variables are not exactly those that the operation takes. */
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

/** The plan of a query, if it does nothing but read jobs by ids. */
function planOf(operation: CheckedOperation, fragments: JobFragments): Plan | undefined {
  const { document, definition } = operation;
  const variables = new Map<string, boolean>();
  for (const { variable, type } of definition.variableDefinitions ?? []) {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    variables.set(variable.name.value, named.kind === Kind.LIST_TYPE);
  }
  const fields: JobField[] = [];
  for (const selection of definition.selectionSet.selections) {
    const field = selection.kind === Kind.FIELD ? jobField(selection, document, fragments) : undefined;
    if (field === undefined || fields.some(({ key }) => key === field.key)) return undefined;
    fields.push(field);
  }
  // The variables of the operation are those of one request.
  return {
    operation: { document, definition },
    operationName: loggedName(definition.name?.value),
    fields,
    variables,
    sizes: new Set(),
  };
}

/** The fields that read jobs by ids, and whether they give a list. */
const JOB_FIELDS = new Map([
  ['packageJob', false],
  ['node', false],
  ['packageJobsById', true],
  ['nodes', true],
]);

function jobField(field: FieldNode, document: DocumentNode, fragments: JobFragments): JobField | undefined {
  if ((field.directives ?? []).length > 0) return undefined;
  const isList = JOB_FIELDS.get(field.name.value);
  const [argument, ...others] = field.arguments ?? [];
  if (isList === undefined || argument === undefined || others.length > 0) return undefined;
  const ids = idsIn(argument.value);
  const prepared = ids && fragments.of(field, document);
  if (ids === undefined || prepared === undefined) return undefined;
  return { key: `${JSON.stringify((field.alias ?? field.name).value)}:`, isList, ids, ...prepared };
}

function idsIn(value: ValueNode): JobField['ids'] | undefined {
  if (value.kind === Kind.VARIABLE) return { variable: value.name.value };
  const values = value.kind === Kind.LIST ? value.values : [value];
  const ids = values.map((item) => (item.kind === Kind.STRING ? item.value : undefined));
  return ids.length <= MAX_JOBS && ids.every(isJobId) ? ids : undefined;
}
