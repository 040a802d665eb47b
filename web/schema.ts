import { buildSchema, executeSync, parse, type ExecutionResult } from 'graphql';
import { ROOT } from './root.ts';

/** What GraphiQL calls the query that it asks for the schema by. */
export const INTROSPECTION_NAME = 'SchemaOfTheEditor';

/**
 * Answers an introspection query from the text of the schema. The gateway gives that without a token, and where it runs no
 * operations but those of a manifest.
 */
export async function introspect(query: string): Promise<ExecutionResult> {
  const response = await fetch(`${ROOT}schema.graphql`);
  const text = await response.text();
  if (!response.ok) throw new Error(`The schema cannot be read: ${text}`);
  return executeSync({ schema: buildSchema(text), document: parse(query) });
}
