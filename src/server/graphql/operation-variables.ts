import { getVariableValues, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { BOUNDS } from '../../bounds.ts';

/**
 * The values of variables for execution, or what is wrong with them. Each error repeats a value, so they are few. None suggests
 * what may have been meant: to compare a text of 200 KB with each name of the schema takes 5 ms, and tells the names.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): ReturnType<typeof getVariableValues> {
  return getVariableValues(schema, variableDefinitions, variables, {
    maxErrors: BOUNDS.variableErrors.max,
    hideSuggestions: true,
  });
}

/**
 * Deletes the variables that an operation does not declare, so that nothing keeps them while the operation waits. It changes
 * the object itself, as Apollo Server and the transports hold it too.
 */
export function deleteUndeclared(
  variables: Record<string, unknown>,
  { variableDefinitions = [] }: OperationDefinitionNode,
): void {
  const declared = new Set(variableDefinitions.map(({ variable }) => variable.name.value));
  for (const name of Object.keys(variables)) if (!declared.has(name)) Reflect.deleteProperty(variables, name);
}
