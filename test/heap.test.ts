import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { limitHeapGrowth } from '../src/heap.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const MEGABYTE = 1_000_000;
/** V8 adds the size of the young generation to what the old one may take. */
const YOUNG_BYTES = 64 * 1024 * 1024;
const MARGIN_BYTES = 40 * MEGABYTE;

/** Large enough to be outside of the young generation. */
const largeArray = () => Array<number>(MEGABYTE / 8).fill(0);

it('lets garbage add up to little more than half of what is in use', () => {
  limitHeapGrowth();
  const inUse = Array.from({ length: 100 }, largeArray);
  collectGarbage();
  const { heapUsed } = process.memoryUsage();
  let most = 0;
  for (let count = 0; count < 2000; count += 1) {
    inUse[count % inUse.length] = largeArray();
    most = Math.max(most, process.memoryUsage().heapUsed);
  }
  expect(most).toBeLessThan(1.6 * heapUsed + YOUNG_BYTES + MARGIN_BYTES);
});
