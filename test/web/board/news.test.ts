import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../../web/board/loaded-jobs.ts';

// All that the news ask of a page is whether somebody sees it.
vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
afterAll(() => void vi.unstubAllGlobals());

const { news, tell, tellArrival, tellEnd } = await import('../../../web/board/news.ts');

function jobOf(id: string, status: Job['status'] = 'SUCCESS'): Job {
  return {
    id,
    name: `${id} by name`,
    status,
    statusRaw: null,
    isFinished: status !== 'INIT',
    code: null,
    message: null,
    createTime: null,
    submitTime: null,
    finishTime: null,
    inputs: [],
    output: null,
  };
}

/** Collects the texts that a screen reader is given from now on. */
function collect(): string[] {
  const texts: string[] = [];
  const stop = news.subscribe(() => void texts.push(news.text()));
  stops.push(stop);
  return texts;
}

const stops: (() => void)[] = [];

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
});

describe('what the page says to screen readers', () => {
  it('is one text for five ends within a second', () => {
    const texts = collect();
    for (const index of [1, 2, 3, 4, 5]) {
      tellEnd(jobOf(`together ${String(index)}`, index === 3 ? 'FAIL' : 'SUCCESS'));
      vi.advanceTimersByTime(190);
    }
    vi.advanceTimersByTime(10_000);
    expect(texts).toEqual(['5 jobs have finished, 1 of them failed']);
  });

  it('is another text for an end after that second', () => {
    const texts = collect();
    for (const id of ['first', 'second']) {
      tellEnd(jobOf(id));
      vi.advanceTimersByTime(1_000);
    }
    expect(texts).toEqual(['first by name: Succeeded', 'second by name: Succeeded']);
  });

  it('tells an end once, although the list and the open job both tell of it', () => {
    const texts = collect();
    for (let count = 0; count < 2; count += 1) {
      tellEnd(jobOf('told'));
      vi.advanceTimersByTime(1_000);
    }
    expect(texts).toEqual(['told by name: Succeeded']);
  });

  it('has ends, arrivals and the last of all else in one text', () => {
    const texts = collect();
    tell('1 of 3 loaded');
    tellArrival(jobOf('come', 'INIT'));
    tellEnd(jobOf('gone', 'FAIL'));
    tell('2 of 3 loaded');
    vi.advanceTimersByTime(1_000);
    expect(texts).toEqual(['gone by name: Failed. New job: come by name. 2 of 3 loaded']);
  });
});
