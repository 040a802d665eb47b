import type { Operation } from './operations.ts';

/** What a link asks the IDE to open. */
export interface Link {
  readonly query: string;
  /** JSON; empty when the link has none. */
  readonly variables: string;
}

/**
 * Reads `?operation=<name of an example>` or `?query=<document>`, each with `&variables=<JSON>` or without.
 * `undefined` when it names neither. Nothing of it is run before the visitor says so.
 */
export function readLink(search: string, operations: readonly Operation[]): Link | undefined {
  const params = new URLSearchParams(search);
  const linked = operations.find(({ name }) => name === params.get('operation'));
  const query = linked?.query ?? params.get('query');
  return query === null ? undefined : { query, variables: params.get('variables') ?? '' };
}
