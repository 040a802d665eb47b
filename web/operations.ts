/** An example operation, from one file of `schema/operations`. */
export interface Operation {
  /** The file's name without its extension, such as `package-job`. */
  readonly name: string;
  readonly query: string;
}

const TEXTS = import.meta.glob<string>('../schema/operations/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/**
 * Every example operation, sorted by name, with the one named `first` at the start. The build includes them in the
 * page. An unknown `first` changes nothing.
 */
export function listOperations(first: string): readonly Operation[] {
  const operations = Object.entries(TEXTS).map(([path, query]) => ({ name: nameOf(path), query }));
  return operations.toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.graphql'.length);
}
