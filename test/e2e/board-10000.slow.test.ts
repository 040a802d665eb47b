import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import type { TestGateway } from '../support/gateway.ts';
import { it, patience, type Board } from './support/board.ts';
import { keepFigures, startCostMeter, type CostMeter } from './support/cost.ts';

const COUNT = 10_000;
/** Unfinished jobs at the start of the list. */
const IN_FLIGHT = 200;
const CHANGES = 40;

/** The most rows in the page, whatever is loaded. */
const MAX_ROWS = 80;
/** The screen shows 60 frames a second. Machines that are shared have been seen to be three times as slow as others. */
const MIN_FRAMES = 20;
const MAX_HEAP = 64 * 2 ** 20;
/** Apollo Client's cache took 1,440 ms for a change in a list of this length. */
const MAX_CHANGE_MS = 100;

describe.skipIf(chromiumProgram.skip)(`the job board in ${chromiumProgram.label}`, () => {
  it.override({ env: { POLL_MIN_MS: '500', JOB_MAX_AGE_MS: '1000' } });

  it(
    `scrolls and follows ${COUNT.toLocaleString('en')} jobs, of which only those on the screen are in the page`,
    { timeout: 300_000 },
    async ({ gateway, board }) => {
      const { page } = board;
      const ids = addJobs(gateway);
      const meter = await startCostMeter(page);
      await board.open();
      await board.loaded.getByText('100 loaded').waitFor();
      const heapOf100 = await meter.heap();
      const finish = (index: number) => gateway.emulator.jobs.finish(ids[index] ?? '');
      const changeOf100 = await costOfChanges(board, meter, finish, 0);

      for (let count = 200; count <= COUNT; count += 100) {
        await page.getByRole('button', { name: 'Load more' }).click();
        await board.loaded.getByText(count === COUNT ? `${count} jobs` : `${count} loaded`).waitFor();
      }
      const heap = await meter.heap();
      expect(heap).toBeLessThan(MAX_HEAP);

      const slow = await scroll(board, meter, 60);
      const quick = await scroll(board, meter, 1_500);
      for (const { mostRows, blankFrames, framesPerSecond } of [slow, quick]) {
        expect(framesPerSecond).toBeGreaterThan(MIN_FRAMES);
        expect(mostRows).toBeLessThan(MAX_ROWS);
        expect(blankFrames).toBe(0);
      }
      const change = await costOfChanges(board, meter, finish, CHANGES);
      expect(change).toBeLessThan(MAX_CHANGE_MS);

      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      const last = board.row('job 0000');
      await expect.poll(() => last.getAttribute('aria-posinset'), patience).toBe(String(COUNT));
      await expect(last.getAttribute('aria-setsize')).resolves.toBe(String(COUNT));

      await page.getByRole('searchbox').fill('job 12');
      await page.getByText(`100 of ${COUNT} loaded`).first().waitFor();
      await keepFigures('board-10000', { heapOf100, heap, changeOf100, change, slow, quick });
    },
  );
});

/** Adds jobs a few seconds apart, the last one the newest, and returns the ids of those in flight, the newest first. */
function addJobs({ emulator }: TestGateway): string[] {
  const ids = Array.from({ length: COUNT }, (_, index) => {
    const createTime = Date.now() - (COUNT - index) * 6_000;
    const isFinished = index < COUNT - IN_FLIGHT;
    return emulator.jobs.add({
      name: `job ${String(index).padStart(4, '0')}`,
      createTime,
      finishTime: isFinished ? createTime + 60_000 : Infinity,
    });
  });
  return ids.slice(-IN_FLIGHT).toReversed();
}

/** Milliseconds of the main thread for each of some jobs that end one after the other, without what it takes anyway. */
async function costOfChanges(
  board: Board,
  meter: CostMeter,
  finish: (index: number) => void,
  from: number,
): Promise<number> {
  const { page } = board;
  await page.evaluate('scrollTo(0, 0)');
  const idleFrom = await meter.cpu();
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 4000))');
  const idle = ((await meter.cpu()) - idleFrom) / 4_000;
  const inFlight = async () => Number(/\d+/.exec(await page.title())?.[0]);
  const before = await inFlight();
  const [startedAt, busyFrom] = [performance.now(), await meter.cpu()];
  for (let index = 0; index < CHANGES; index += 1) finish(from + index);
  await expect.poll(inFlight, { timeout: 30_000 }).toBe(before - CHANGES);
  const busy = (await meter.cpu()) - busyFrom;
  return (busy - idle * (performance.now() - startedAt)) / CHANGES;
}

interface Scrolled {
  readonly framesPerSecond: number;
  readonly cpuMsPerFrame: number;
  readonly mostRows: number;
  /** Frames that had no row in the middle of the window. */
  readonly blankFrames: number;
}

/** Scrolls down 200 frames from the start of the list, by so many pixels in each. */
async function scroll({ page }: Board, meter: CostMeter, pixels: number): Promise<Scrolled> {
  await page.evaluate('scrollTo(0, 0)');
  const from = await meter.cpu();
  const seen = await page.evaluate(async (pixels) => {
    let [mostRows, blankFrames] = [0, 0];
    const startedAt = performance.now();
    for (let frame = 0; frame < 200; frame += 1) {
      scrollBy(0, pixels);
      // React has rendered what came into view by the second frame.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      mostRows = Math.max(mostRows, document.querySelectorAll('li.row').length);
      if (!document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('li.row')) blankFrames += 1;
    }
    return { mostRows, blankFrames, framesPerSecond: 400_000 / (performance.now() - startedAt) };
  }, pixels);
  return { ...seen, cpuMsPerFrame: ((await meter.cpu()) - from) / 400 };
}
