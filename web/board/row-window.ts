import { defaultRangeExtractor, type Range, type Virtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type RefObject } from 'react';
import { remember, remembered } from './remembered.ts';

/** The least heights of a row in rem, as list.css has them: in a list of this width in rem its parts stand side by side. */
const SIDE_BY_SIDE = 40;
const HEIGHTS = { sideBySide: 4.25, stacked: 5.75 } as const;

/** Where the rows begin on the page, and how high a row is that is not there, in pixels. */
export function useBox(rows: RefObject<HTMLElement | null>): { top: number; rowHeight: number } {
  const [box, setBox] = useState({ top: 0, rowHeight: 16 * HEIGHTS.sideBySide });
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => {
      const rect = rows.current?.getBoundingClientRect();
      // It is hidden while a phone shows the open job.
      if (!rect || rect.width === 0) return;
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      const isSideBySide = rect.width >= SIDE_BY_SIDE * rem;
      const top = Math.round(rect.top + scrollY);
      const rowHeight = rem * (isSideBySide ? HEIGHTS.sideBySide : HEIGHTS.stacked);
      setBox((box) => (box.top === top && box.rowHeight === rowHeight ? box : { top, rowHeight }));
    });
    // Whatever comes above the rows makes the page longer.
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [rows]);
  return box;
}

/** The indexes of the rows in a range, and of those to keep; `-1` is none. */
export function withKept(range: Range, kept: readonly number[]): number[] {
  const indexes = defaultRangeExtractor(range);
  const others = kept.filter((index) => index >= 0 && index < range.count && !indexes.includes(index));
  return others.length === 0 ? indexes : [...new Set([...indexes, ...others])].toSorted((a, b) => a - b);
}

/** Keeps the first visible row where it is on the screen while rows above it come and go, unless the start of the list is on the screen. */
export function useAnchor(
  virtualizer: Virtualizer<Window, Element>,
  ids: readonly string[],
  listTop: number,
): void {
  const anchor = useRef<{ id: string | undefined; top: number }>(undefined);
  useLayoutEffect(() => {
    const { id, top } = anchor.current ?? {};
    const item = id === undefined ? undefined : virtualizer.measurementsCache[ids.indexOf(id)];
    if (top === undefined || !item || scrollY <= listTop) return;
    if (item.start - listTop !== top) scrollBy(0, item.start - listTop - top);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only rows that come and go move others
  }, [ids]);
  useLayoutEffect(() => {
    const index = virtualizer.range?.startIndex ?? 0;
    const start = virtualizer.measurementsCache[index]?.start;
    anchor.current = start === undefined ? undefined : { id: ids[index], top: start - listTop };
  });
}

/** Holds the list while somebody reads: they have scrolled, or go from job to job. New rows above would move what they read. */
export function useReading(listTop: number, isAtRow: boolean, hold: (isHeld: boolean) => void): void {
  const isScrolled = useSyncExternalStore(listenToScroll, () => scrollY > listTop);
  const isReading = isScrolled || isAtRow;
  useEffect(() => {
    hold(isReading);
    return () => hold(false);
  }, [hold, isReading]);
}

function listenToScroll(listener: () => void): () => void {
  addEventListener('scroll', listener, { passive: true });
  return () => removeEventListener('scroll', listener);
}

/** Brings a reloaded page back to where it was scrolled, as soon as so many rows are loaded. */
export function useScrollPosition(isLoading: boolean, height: number): void {
  const wanted = useRef(remembered().top);
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    scrollTo(0, wanted.current);
    if (!isLoading || height > wanted.current) wanted.current = undefined;
  }, [isLoading, height]);
  useEffect(() => {
    const rest = () => remember({ top: scrollY });
    // Browsers do not keep what is written while the page goes.
    addEventListener('scrollend', rest);
    return () => removeEventListener('scrollend', rest);
  }, []);
}
