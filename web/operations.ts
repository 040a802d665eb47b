/** An example operation: the text of one file of `schema/operations`. */
export interface Operation {
  /** The file's name without its extension, such as `package-job`. */
  readonly name: string;
  readonly query: string;
}

const texts = import.meta.glob<string>('../schema/operations/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/**
 * Every example operation, taken in when the page is built. The one called `first` leads, the others follow in
 * the order of their names. A name no file has changes nothing.
 */
export function listOperations(first: string): readonly Operation[] {
  const operations = Object.entries(texts).map(([path, query]) => ({ name: nameOf(path), query }));
  return operations.toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.graphql'.length);
}
