import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useImperativeHandle, useLayoutEffect, useRef, useState, type Ref } from 'react';
import { flushSync } from 'react-dom';
import { JobRow, rowOf } from './job-row.tsx';
import type { Job } from './loaded-jobs.ts';
import type { Jobs } from './jobs.ts';
import type { Place } from './location.ts';
import { useAnchor, useBox, useReading, useScrollPosition, withKept } from './row-window.ts';
import { useShortcuts } from './shortcuts.ts';

/** Rows beyond the window that are there, for quick scrolling and for the Tab key. */
const OVERSCAN = 8;

/** What others can do with the rows. */
export interface RowsHandle {
  /** Gives the focus to the row at this index, or at the end that is nearest to it. */
  readonly focus: (index: number) => void;
}

export interface JobRowsProps {
  readonly list: Jobs;
  /** The loaded jobs that are searched for. */
  readonly jobs: readonly Job[];
  readonly place: Place;
  readonly ref: Ref<RowsHandle>;
}

/** The rows that are on the screen, at their places among all rows. The page itself scrolls. */
export function JobRows({ list, jobs, place, ref }: JobRowsProps) {
  const rows = useRef<HTMLUListElement>(null);
  const ids = useIds(jobs);
  const { top, rowHeight } = useBox(rows);
  const [focused, setFocused] = useState<string>();
  // A row with the focus, and the one that gets it when the open job closes, have to be there.
  const kept = [focused, place.job].map((id) => (id === undefined ? -1 : ids.indexOf(id)));
  // eslint-disable-next-line react/incompatible-library -- the React Compiler is not used
  const virtualizer = useWindowVirtualizer({
    count: ids.length,
    estimateSize: () => rowHeight,
    getItemKey: useCallback((index: number) => ids[index] ?? index, [ids]),
    overscan: OVERSCAN,
    rangeExtractor: (range) => withKept(range, kept),
    scrollMargin: top,
    useFlushSync: false,
  });
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);
  useAnchor(virtualizer, ids, top);
  useReading(top, place.job !== undefined && focused !== undefined, list.hold);
  useScrollPosition(list.isLoading, virtualizer.getTotalSize());

  const focus = (index: number) => {
    const id = ids[Math.min(Math.max(index, 0), ids.length - 1)];
    if (id === undefined) return;
    // It is there as soon as it is kept.
    flushSync(() => setFocused(id));
    const row = document.getElementById(rowOf(id));
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  };
  useImperativeHandle(ref, () => ({ focus }));
  const step = (by: number) => {
    const from = ids.indexOf(focused ?? place.job ?? '');
    focus(from === -1 ? (virtualizer.range?.startIndex ?? 0) : from + by);
  };
  useShortcuts({ j: () => step(1), k: () => step(-1) });

  return (
    <ul ref={rows} className="rows" style={{ height: virtualizer.getTotalSize() }}>
      {virtualizer.getVirtualItems().map(({ index, start }) => {
        const job = jobs[index];
        return (
          job && (
            <JobRow
              key={job.id}
              job={job}
              mark={list.marks.get(job.id)}
              place={place}
              index={index}
              count={list.hasNextPage ? -1 : ids.length}
              top={start - top}
              measure={virtualizer.measureElement}
              onFocus={setFocused}
            />
          )
        );
      })}
    </ul>
  );
}

/** The ids of the jobs. They are the same array until one comes, goes or moves, so that a change of a job measures nothing anew. */
function useIds(jobs: readonly Job[]): readonly string[] {
  const [ids, setIds] = useState<readonly string[]>([]);
  if (ids.length === jobs.length && jobs.every(({ id }, index) => id === ids[index])) return ids;
  const changed = jobs.map(({ id }) => id);
  setIds(changed);
  return changed;
}
