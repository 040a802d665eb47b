import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The fragments of a document by name. */
export function fragmentsOf(definitions: DocumentNode['definitions']): Fragments {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}

/** What ends up in one place of the response. */
interface Place {
  /** The selection sets of the fields of each response name. */
  readonly fields: Map<string, (SelectionSetNode | undefined)[]>;
  readonly fragments: Set<string>;
  /** How often these fragments spread fragments. */
  spreads: number;
}

/**
 * About how many pairs graphql-js compares to find whether all fields can be merged
 * (`OverlappingFieldsCanBeMergedRule`): of fields with one response name in one place of the response, and of fragments
 * there. It follows fragments, and it grows with the product where the rule does. It never costs much more than `enough`.
 *
 * @param enough where counting stops. The result is then larger
 * @param depth how deep fields are nested. Fields of a fragment inside itself have no end
 */
export function countMerges({ definitions }: DocumentNode, enough: number, depth: number): number {
  const fragments = fragmentsOf(definitions);
  let merges = 0;
  /** Each visit costs about a tenth of a comparison. Fragments in fragments multiply them. */
  let visits = 0;

  function collect(set: SelectionSetNode, place: Place): void {
    for (const selection of set.selections) {
      visits += 1;
      if (visits > 10 * enough) return;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const others = place.fields.get(name);
        if (others === undefined) place.fields.set(name, [selection.selectionSet]);
        else others.push(selection.selectionSet);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, place);
      else {
        const name = selection.name.value;
        place.spreads += 1;
        if (place.fragments.has(name)) continue;
        place.fragments.add(name);
        const fragment = fragments.get(name);
        if (fragment !== undefined) collect(fragment.selectionSet, place);
      }
    }
  }

  const pending = definitions.flatMap((definition) =>
    'selectionSet' in definition ? [{ sets: [definition.selectionSet], level: 1 }] : [],
  );
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { sets, level } = next;
    const place: Place = { fields: new Map(), fragments: new Set(), spreads: 0 };
    for (const set of sets) collect(set, place);
    merges += (place.fragments.size * place.spreads) / 2;
    for (const fields of place.fields.values()) {
      merges += (fields.length * (fields.length - 1)) / 2;
      const inner = fields.filter((set) => set !== undefined);
      if (inner.length > 0 && level < depth) pending.push({ sets: inner, level: level + 1 });
    }
    if (visits > 10 * enough) merges += enough;
    if (merges > enough) return Math.ceil(merges);
  }
  return Math.ceil(merges);
}
