import { useSyncExternalStore } from 'react';
import { emptyDraft, type Draft } from './draft.ts';

let initial: Draft | undefined;
const listeners = new Set<() => void>();

/** Opens the form for a new job. */
export function openForm(draft = emptyDraft()): void {
  initial = draft;
  tell();
}

export function closeForm(): void {
  initial = undefined;
  tell();
}

/** What the form begins with. `undefined`: it is closed. */
export function useOpenForm(): Draft | undefined {
  return useSyncExternalStore(listen, () => initial);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}
