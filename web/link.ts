import type { Operation } from './operations.ts';

/** The document and variables that a link opens in the IDE. */
export interface Link {
  readonly query: string;
  /** JSON. Empty when the link has none. */
  readonly variables: string;
}

/**
 * Reads `?operation=<name of an example>` or `?query=<document>`, both with an optional `&variables=<JSON>`.
 * `undefined` when the link has neither. The IDE does not run the document until the user does.
 */
export function readLink(search: string, operations: readonly Operation[]): Link | undefined {
  const params = new URLSearchParams(search);
  const linked = operations.find(({ name }) => name === params.get('operation'));
  const query = linked?.query ?? params.get('query');
  return query === null ? undefined : { query, variables: params.get('variables') ?? '' };
}
