import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

/** Where the browser keeps that the shortcuts are off. */
const KEY = 'shortcuts';

/** Fields in which keys are text, and dialogs, which have keys of their own. */
const OWN_KEYS = 'input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable], dialog';

const listeners = new Set<() => void>();

/** Calls back on keys without modifiers, unless somebody types or a dialog is open. A key is named as in `KeyboardEvent.key`. */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (!action || hasModifier || event.defaultPrevented || hasOwnKeys(event.target)) return;
    // Keys that are letters have to be able to be turned off: people who speak to the browser send many of them.
    if (event.key !== 'Escape' && !areShortcutsOn()) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);
}

/** Whether shortcuts are on, and what turns them on and off for this browser. */
export function useShortcutsSetting(): [isOn: boolean, turn: (isOn: boolean) => void] {
  return [useSyncExternalStore(listen, areShortcutsOn), turn];
}

function turn(isOn: boolean): void {
  if (isOn) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, 'off');
  for (const listener of listeners) listener();
}

function areShortcutsOn(): boolean {
  return localStorage.getItem(KEY) !== 'off';
}

function hasOwnKeys(target: EventTarget | null): boolean {
  const isInDialog = document.querySelector('dialog[open]') !== null;
  return isInDialog || (target instanceof Element && target.closest(OWN_KEYS) !== null);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
