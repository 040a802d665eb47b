import { createFrameStore } from './frame-store.ts';
import { isMatch, queryOf, type ListPlace } from './list-query.ts';
import { PAGE_SIZE, readJobs, readPage, watchJobs } from './list-requests.ts';
import {
  append,
  applyChange,
  hold,
  NOTHING_LOADED,
  remove,
  replaceStart,
  since,
  unmark,
  type Job,
  type LoadedJobs,
} from './loaded-jobs.ts';
import { tellArrival, tellEnd } from './news.ts';
import { remember, remembered } from './remembered.ts';

/** The most jobs that a reload of the page brings back, so that it costs ICE ten calls at most. */
const MAX_RESTORED = 1_000;
/** How long a row says that it is new, or that it leaves. */
const MARK_MS = 4_000;

export interface LiveListState extends LoadedJobs {
  readonly isLoading: boolean;
  /** Why pages do not come. */
  readonly failure: Error | undefined;
  /** Why changes do not come. */
  readonly refusal: Error | undefined;
}

export type LiveList = ReturnType<typeof createLiveList>;

/**
 * The jobs of a place's list, page by page, with live updates while it is open. They are no part of Apollo Client's cache, which
 * reads a whole list again for each change of one of its jobs.
 */
export function createLiveList(place: ListPlace) {
  const query = queryOf(place, Date.now());
  const store = createFrameStore<LiveListState>({
    ...NOTHING_LOADED,
    isLoading: true,
    failure: undefined,
    refusal: undefined,
  });
  const { get, set } = store;
  let watch: ReturnType<typeof watchJobs> | undefined;
  /** Changes that came before the first page. They are applied to it. */
  let early: Map<string, Job> | undefined = new Map();

  function setMarked(change: LoadedJobs) {
    const { marks } = get();
    set(change);
    for (const id of change.marks.keys())
      if (!marks.has(id)) setTimeout(() => set(unmark(get(), id)), MARK_MS);
  }
  function receive(job: Job) {
    if (early) early.set(job.id, job);
    else apply(job);
  }
  function apply(job: Job) {
    const before = get().jobs.find(({ id }) => id === job.id);
    const isWanted = isMatch(job, query);
    if (before && !before.isFinished && job.isFinished) tellEnd(job);
    if (!before && isWanted && !job.isFinished) tellArrival(job);
    setMarked(applyChange(get(), job, isWanted, query.isOldestFirst));
  }
  function applyEarly() {
    const jobs = early?.values() ?? [];
    early = undefined;
    for (const job of jobs) apply(job);
  }
  async function load(steps: () => Promise<void>) {
    set({ isLoading: true });
    set({ failure: await steps().then(() => undefined, toError), isLoading: false });
  }
  const loadUntil = (count: number) =>
    load(async () => {
      do {
        const page = await readPage(query, get().endCursor);
        if (!watch) return;
        set({ ...append(get(), page), failure: undefined });
        applyEarly();
      } while (get().hasNextPage && get().jobs.length < count);
      // Jobs that come by themselves later do not count: they are on the first page after a reload.
      remember({ loaded: get().jobs.length });
    });
  const reload = () =>
    load(async () => {
      const page = await readPage(query);
      set(replaceStart(get(), page) ?? append({ ...NOTHING_LOADED, isHeld: get().isHeld }, page));
      const fresh = new Set(page.edges.map(({ node }) => node.id));
      const others = get().jobs.filter(({ id, isFinished }) => !isFinished && !fresh.has(id));
      for (const job of await readJobs(others.map(({ id }) => id))) apply(job);
      // Hours may have passed since the list began.
      const { createdFrom } = queryOf(place, Date.now()).filter;
      if (createdFrom) set(since(get(), createdFrom));
    });
  function refresh() {
    if (get().refusal) watch?.restart();
    set({ refusal: undefined });
    if (get().jobs.length > 0) return reload();
    return loadUntil(Math.min(remembered().loaded ?? PAGE_SIZE, MAX_RESTORED));
  }

  return {
    state: get,
    subscribe: store.subscribe,
    /** Begins. The returned function ends it. */
    open() {
      watch = watchJobs(query, {
        onChange: receive,
        onGone: (id) => set(remove(get(), id)),
        onError: (error) => set({ refusal: toError(error) }),
        onResume: () => void refresh(),
      });
      void refresh();
      return () => {
        watch?.stop();
        watch = undefined;
      };
    },
    loadMore: () => void (get().isLoading || loadUntil(get().jobs.length + PAGE_SIZE)),
    refresh,
    /** Holds the list still while somebody reads, or lets in what has waited. */
    hold: (isHeld: boolean) => {
      if (isHeld === get().isHeld) return;
      setMarked(hold(get(), isHeld, query.isOldestFirst));
      store.show();
    },
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
