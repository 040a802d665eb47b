import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { createLiveList } from './live-list.ts';
import type { Place } from './location.ts';
import { useRecovery } from './recovery.ts';

/** The loaded jobs of the place's list, and what can be done with them. */
export type Jobs = ReturnType<typeof useJobs>;

/** The jobs of a place's list, page by page, with live updates. */
export function useJobs({ status, range, from, to, order }: Place) {
  const list = useMemo(
    () => createLiveList({ status, range, from, to, order }),
    [status, range, from, to, order],
  );
  const { failure, refusal, ...state } = useSyncExternalStore(list.subscribe, list.state);
  useEffect(() => list.open(), [list]);

  const problem = failure ?? refusal;
  const error = useRecovery(problem, list.refresh);
  return {
    ...state,
    // An error that is not shown is mended meanwhile.
    isLoading: state.isLoading || (problem !== undefined && error === undefined),
    error,
    loadMore: list.loadMore,
    refresh: () => void list.refresh(),
    hold: list.hold,
  };
}
