import {
  getVariableValues,
  GraphQLError,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import {
  fieldExtensionsEstimator,
  getComplexity,
  simpleEstimator,
  type ComplexityEstimator,
} from 'graphql-query-complexity';
import { BOUNDS } from '../../bounds.ts';
import type { FieldCosts } from '../../resolvers/costs.ts';
import { LIMITS, tooComplex } from './limits.ts';

/** An operation that was parsed, validated and found to be within all limits. */
export interface CheckedOperation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  /** As the client sent them. */
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
  const { listSize, depth } = measure(variables);
  if (depth > BOUNDS.variablesDepth.max) throw nestedTooDeep(depth);
  if (listSize > LIMITS.listSize)
    throw tooComplex('listSize', listSize, `a list of ${String(listSize)} items`);
  if (getVariableValues(schema, definition.variableDefinitions ?? [], variables).errors) return operation;
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
      maxQueryNodes: LIMITS.cost,
    });
  } catch (error) {
    // The error of a wrong argument names its place. It is left to execution to report.
    if (error instanceof GraphQLError && error.nodes !== undefined) return 0;
    // Fragments in fragments multiply. Counting stops at the limit.
    return LIMITS.cost + 1;
  }
}

/**
 * The length of the longest list in the variables, and how deep lists and objects are nested. It walks without recursion, as
 * variables can be nested deeper than the stack.
 */
function measure(variables: Readonly<Record<string, unknown>>): { listSize: number; depth: number } {
  let listSize = 0;
  let depth = -1;
  let level: unknown[] = [variables];
  while (level.length > 0) {
    const deeper: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Array.isArray(value)) listSize = Math.max(listSize, value.length);
      for (const item of Object.values(value))
        if (typeof item === 'object' && item !== null) deeper.push(item);
    }
    depth += 1;
    level = deeper;
  }
  return { listSize, depth };
}

function nestedTooDeep(depth: number): GraphQLError {
  const { max } = BOUNDS.variablesDepth;
  const message = `\`variables\` must be nested at most ${String(max)} levels deep, got ${String(depth)}`;
  return new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', argument: 'variables', http: { status: 400 } },
  });
}
