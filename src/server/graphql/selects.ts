import { BREAK, visit, type DocumentNode } from 'graphql';

const known = new WeakMap<DocumentNode, Map<string, boolean>>();

/** Whether a document selects a field of this name anywhere, under whichever alias and condition. */
export function selects(document: DocumentNode, name: string): boolean {
  const byName = known.get(document) ?? new Map<string, boolean>();
  known.set(document, byName);
  let found = byName.get(name);
  if (found === undefined) {
    found = false;
    visit(document, {
      Field(field) {
        if (field.name.value !== name) return undefined;
        found = true;
        return BREAK;
      },
    });
    byName.set(name, found);
  }
  return found;
}
