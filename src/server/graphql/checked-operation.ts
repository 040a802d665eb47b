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
 * @throws {GraphQLError} OPERATION_TOO_COMPLEX
 */
export function checkOperation(schema: GraphQLSchema, operation: CheckedOperation): CheckedOperation {
  const { definition, variables } = operation;
  const listSize = longestList(variables);
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

/** Walks without recursion, as variables can be nested deeper than the stack. */
function longestList(variables: Readonly<Record<string, unknown>>): number {
  let longest = 0;
  const pending: unknown[] = [variables];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) longest = Math.max(longest, value.length);
    for (const item of Object.values(value)) pending.push(item);
  }
  return longest;
}
