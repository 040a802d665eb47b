/** What an entry of the browser's history remembers of its list, so that a reload and the back button bring it back. */
interface Remembered {
  /** How many jobs were loaded. */
  readonly loaded?: number;
  /** How far the page was scrolled, in pixels. */
  readonly top?: number;
}

/** What the current entry remembers. Other pages of the origin may have written something else there. */
export function remembered(): Remembered {
  const state: unknown = history.state;
  if (typeof state !== 'object' || state === null) return {};
  const numberOf = (name: string) => Object.entries(state).find(([key]) => key === name)?.[1] as unknown;
  const [loaded, top] = [numberOf('loaded'), numberOf('top')];
  return {
    ...(typeof loaded === 'number' && { loaded }),
    ...(typeof top === 'number' && { top }),
  };
}

export function remember(more: Remembered): void {
  history.replaceState({ ...remembered(), ...more }, '');
}
