import { useSyncExternalStore } from 'react';
import type { JobSummaryFragment } from './gql/graphql.ts';
import { LABELS, titleOf } from './status.tsx';

/** What happens within this time is said in one text, so that a screen reader is not talked over. */
const TOGETHER_MS = 1_000;
/** How many ends are remembered, so that each is told once although the list and the open job both tell of it. */
const MAX_TOLD = 1_000;

let text = '';
let unseen = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let ended: JobSummaryFragment[] = [];
let arrived: JobSummaryFragment[] = [];
let last = '';
const told = new Set<string>();
const listeners = new Set<() => void>();

/** Tells that a job has just finished. */
export function tellEnd(job: JobSummaryFragment): void {
  if (told.has(job.id)) return;
  if (told.size === MAX_TOLD) told.clear();
  told.add(job.id);
  ended.push(job);
  if (document.hidden) unseen += 1;
  tellSoon();
}

/** Tells that a job has come by itself. */
export function tellArrival(job: JobSummaryFragment): void {
  arrived.push(job);
  tellSoon();
}

/** Tells anything else. Of several texts that come together the last one is said. */
export function tell(news: string): void {
  last = news;
  tellSoon();
}

/** The text for screen readers. */
export function useNews(): string {
  return useSyncExternalStore(news.subscribe, news.text);
}

/** The same outside React: `subscribe` calls back when there is another text, and returns what ends that. */
export const news = { text: () => text, subscribe: listen } as const;

/** How many jobs have finished while nobody looked at the page. */
export function useUnseen(): number {
  return useSyncExternalStore(listen, () => unseen);
}

function tellSoon(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    text = [sayEnds(ended), sayArrivals(arrived), last].filter(Boolean).join('. ');
    [ended, arrived, last] = [[], [], ''];
    tellAll();
  }, TOGETHER_MS);
}

function sayEnds(jobs: readonly JobSummaryFragment[]): string {
  const [first] = jobs;
  if (jobs.length <= 1) return first ? `${titleOf(first)}: ${LABELS[first.status]}` : '';
  const failed = jobs.filter(({ status }) => status === 'FAIL').length;
  return `${jobs.length} jobs have finished, ${failed} of them failed`;
}

function sayArrivals(jobs: readonly JobSummaryFragment[]): string {
  const [first] = jobs;
  if (jobs.length <= 1) return first ? `New job: ${titleOf(first)}` : '';
  return `${jobs.length} new jobs`;
}

function tellAll(): void {
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  unseen = 0;
  tellAll();
});
