import { GraphQLError, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import {
  fieldExtensionsEstimator,
  getComplexity,
  simpleEstimator,
  type ComplexityEstimator,
} from 'graphql-query-complexity';
import { BOUNDS } from '../../bounds.ts';
import type { FieldCosts } from '../../resolvers/costs.ts';
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

/** Counts the reads of ICE. */
const READS: ComplexityEstimator[] = [
  (field) => (field.field.extensions as FieldCosts).reads?.(field),
  ({ childComplexity }) => childComplexity,
];

/**
 * Refuses operations over the limits that need the variables. Wrong variables are left to execution to report.
 *
 * @throws {GraphQLError} OPERATION_TOO_COMPLEX. BAD_USER_INPUT when the variables are nested too deep
 */
export function checkOperation(schema: GraphQLSchema, operation: CheckedOperation): CheckedOperation {
  const { definition, variables } = operation;
  const { listSize, values, depth } = measure(variables);
  if (depth > BOUNDS.variablesDepth.max) throw nestedTooDeep(depth);
  if (listSize > LIMITS.listSize)
    throw tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  if (values > LIMITS.values) throw tooComplex('values', values, `${String(values)} values in its variables`);
  if (coerceVariables(schema, definition, variables).errors) return operation;
  const cost = estimate(COST, schema, operation);
  if (cost > LIMITS.cost) throw tooComplex('cost', cost, `a cost of ${String(cost)}`);
  const reads = estimate(READS, schema, operation);
  if (reads > LIMITS.reads) throw tooComplex('reads', reads, `${String(reads)} reads of ICE`);
  return operation;
}

function estimate(
  estimators: ComplexityEstimator[],
  schema: GraphQLSchema,
  { document, definition, variables }: CheckedOperation,
): number {
  try {
    return getComplexity({
      schema,
      query: document,
      variables,
      estimators,
      ...(definition.name && { operationName: definition.name.value }),
      maxQueryNodes: Infinity,
    });
  } catch (error) {
    // The error of a wrong argument names its place. It is left to execution to report.
    if (error instanceof GraphQLError && error.nodes !== undefined) return 0;
    throw error;
  }
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
