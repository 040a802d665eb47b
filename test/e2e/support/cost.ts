import { mkdir, writeFile } from 'node:fs/promises';
import type { CDPSession, Page } from 'playwright-core';

const ARTIFACTS = new URL('../../artifacts/', import.meta.url);

/** What a page costs its main thread. Time of the processor is counted, as the clock also counts what other programs take. */
export interface CostMeter {
  /** Bytes of JavaScript's heap after a garbage collection. */
  readonly heap: () => Promise<number>;
  /** Milliseconds of the main thread's processor time so far. */
  readonly cpu: () => Promise<number>;
  readonly session: CDPSession;
}

export async function startCostMeter(page: Page): Promise<CostMeter> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return {
    session,
    async heap() {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    },
    async cpu() {
      const { metrics } = await session.send('Performance.getMetrics');
      return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0);
    },
  };
}

/** Keeps figures beside the results of the tests, as `test/artifacts/<name>.json`. */
export async function keepFigures(name: string, figures: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(ARTIFACTS, { recursive: true });
  await writeFile(new URL(`${name}.json`, ARTIFACTS), `${JSON.stringify(figures, null, 2)}\n`);
}
