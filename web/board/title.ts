import { useEffect } from 'react';
import type { Job } from './loaded-jobs.ts';
import { useUnseen } from './news.ts';

/** Has the tab say how many jobs are in flight, and in brackets how many have finished while nobody looked. */
export function useTitle(jobs: readonly Job[]): void {
  const unseen = useUnseen();
  const inFlight = jobs.filter(({ isFinished }) => !isFinished).length;
  useEffect(() => {
    const news = unseen > 0 ? `(${unseen}) ` : '';
    document.title = `${news}${inFlight > 0 ? `${inFlight} in flight · ` : ''}Job board`;
  }, [inFlight, unseen]);
}
