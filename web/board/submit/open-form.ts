import { useSyncExternalStore } from 'react';
import { emptyDraft, type Draft } from './draft.ts';

let initial: Draft | undefined;
/** What was filled in when the form was closed without a word. */
let kept: Draft | undefined;
const listeners = new Set<() => void>();

/** Opens the form for a new job. @param draft what it begins with. @default what was kept */
export function openForm(draft = kept ?? emptyDraft()): void {
  initial = draft;
  kept = undefined;
  tell();
}

/** Closes the form. @param draft is kept for the next time. @default nothing is */
export function closeForm(draft?: Draft): void {
  initial = undefined;
  kept = draft;
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
