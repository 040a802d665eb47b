import {
  GraphQLError,
  OperationTypeNode,
  TypeInfo,
  ValidationContext,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import {
  createComplexityRule,
  fieldExtensionsEstimator,
  simpleEstimator,
  type ComplexityEstimator,
} from 'graphql-query-complexity';
import { BOUNDS } from '../../bounds.ts';
import type { CostContext, FieldCosts } from '../../resolvers/costs.ts';
import { LIMITS, tooComplex } from './limits.ts';
import { coerceVariables } from './operation-variables.ts';

/** An operation that was parsed, validated and found to be within all limits. */
export interface CheckedOperation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  /** As the client sent them, but those that the operation declares alone. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Counts the fields of the response, as graphql-query-complexity does. */
const COST: ComplexityEstimator[] = [fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })];

/**
 * Counts the reads of ICE.
 *
 * @param onWaits is told how many jobs each field waits for
 */
function readsOf(isWaitPreferred: boolean, onWaits: (waits: number) => void): ComplexityEstimator[] {
  return [
    (field) => {
      const { reads, waits } = field.field.extensions as FieldCosts;
      if (waits !== undefined) onWaits(isWaitPreferred ? 1 : waits(field));
      return reads?.(field);
    },
    ({ childComplexity }) => childComplexity,
  ];
}

/** What the checks of an operation found. */
export interface Findings {
  /** How many fields its response has. */
  readonly cost: number;
  /** How many reads of ICE it can cause, when nothing is in memory. */
  readonly reads: number;
  /** How many jobs it waits for. */
  readonly waits: number;
  /** What is wrong with its variables. */
  readonly errors?: readonly GraphQLError[];
}

/**
 * Refuses operations over the limits that need the variables.
 *
 * @param isWaitPreferred whether each job that can be waited for is, where the operation says nothing
 * @param context what is known of whoever asks
 * @throws {GraphQLError} OPERATION_TOO_COMPLEX. BAD_USER_INPUT when the variables are nested too deep
 */
export function checkOperation(
  schema: GraphQLSchema,
  operation: CheckedOperation,
  isWaitPreferred = false,
  context: CostContext = {},
): Findings {
  const { definition, variables } = operation;
  const { listSize, values, depth } = measure(variables);
  if (depth > BOUNDS.variablesDepth.max) throw nestedTooDeep(depth);
  if (listSize > LIMITS.listSize)
    throw tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  if (values > LIMITS.values) throw tooComplex('values', values, `${String(values)} values in its variables`);
  const { errors } = coerceVariables(schema, definition, variables);
  if (errors) return { cost: 0, reads: 0, waits: 0, errors };
  const cost = estimate(COST, schema, operation, context);
  if (cost > LIMITS.cost) throw tooComplex('cost', cost, `a cost of ${String(cost)}`);
  let waits = 0;
  const reads = estimate(
    readsOf(isWaitPreferred, (more) => (waits += more)),
    schema,
    operation,
    context,
  );
  if (reads > LIMITS.reads) throw tooComplex('reads', reads, `${String(reads)} reads of ICE`);
  return { cost, reads, waits };
}

/**
 * Refuses a query as a whole when its client could come to more reads in flight, or to more waits, than it may have. Its fields
 * would be refused one by one otherwise, which takes far longer: an error for each, with its place and its text.
 *
 * @throws {GraphQLError} RATE_LIMITED
 */
export function admitQuery({ definition }: CheckedOperation, check: () => void): void {
  // A submission has a queue of its own, and jobs that are listened to have a bound of theirs.
  if (definition.operation !== OperationTypeNode.QUERY) return;
  try {
    check();
  } catch (error) {
    throw refusedForNow(error);
  }
}

/** The error that refuses a whole operation, as its client is at a limit of its own. */
export function refusedForNow(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return new GraphQLError(error.message, { originalError: error, extensions: { http: { status: 429 } } });
}

/**
 * graphql-query-complexity counts everything when it enters an operation. Its own `getComplexity` visits the document after that,
 * which finds nothing more and takes as long again.
 */
function estimate(
  estimators: ComplexityEstimator[],
  schema: GraphQLSchema,
  { document, definition, variables }: CheckedOperation,
  of: CostContext,
): number {
  let failure: GraphQLError | undefined;
  const context = new ValidationContext(schema, document, new TypeInfo(schema), (error) => {
    failure = error;
  });
  const options = {
    maximumComplexity: Infinity,
    maxQueryNodes: Infinity,
    estimators,
    variables,
    context: of,
  };
  const rule = createComplexityRule(options)(context);
  rule.onOperationDefinitionEnter(definition);
  if (failure === undefined) return rule.complexity;
  // The error of a wrong argument names its place. It is left to execution to report.
  if (failure.nodes !== undefined) return 0;
  throw failure;
}

interface Measures {
  /** The length of the longest list. */
  readonly listSize: number;
  readonly values: number;
  /** How deep lists and objects are nested. */
  readonly depth: number;
}

/** Walks level by level, as variables can be nested deeper than the stack. */
function measure(variables: Readonly<Record<string, unknown>>): Measures {
  let [listSize, values, depth] = [0, 0, 0];
  let level: unknown[] = Object.values(variables);
  while (level.length > 0) {
    values += level.length;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Array.isArray(value)) listSize = Math.max(listSize, value.length);
      for (const item of Object.values(value)) next.push(item);
    }
    if (next.length > 0) depth += 1;
    level = next;
  }
  return { listSize, values, depth };
}

function nestedTooDeep(depth: number): GraphQLError {
  const { max } = BOUNDS.variablesDepth;
  const message = `\`variables\` must be nested at most ${String(max)} levels deep, got ${String(depth)}`;
  return new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', argument: 'variables', http: { status: 400 } },
  });
}
