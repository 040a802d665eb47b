import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../src/bounds.ts';
import { cacheSizes, OTHER_CACHES } from '../src/cache-sizes.ts';

const MIB = 1024 * 1024;
const WANTED = { jobs: 150 * MIB, responses: 64 * MIB };
const OTHERS = OTHER_CACHES.reduce((sum, name) => sum + BOUNDS[name].max, 0);

describe('sizes of caches', () => {
  it('are as configured where the heap has room', () => {
    expect(cacheSizes(WANTED, 2048 * MIB)).toEqual(WANTED);
  });

  it.for([192, 256, 384])('let all caches take three quarters of a heap of %i MiB at most', (heapMiB) => {
    const { jobs, responses } = cacheSizes(WANTED, heapMiB * MIB);
    expect(jobs + responses + OTHERS).toBeLessThanOrEqual(0.75 * heapMiB * MIB);
    expect(jobs / responses).toBeCloseTo(WANTED.jobs / WANTED.responses, 3);
  });

  it('leave something for jobs in the smallest heap, and nothing for responses that are off', () => {
    expect(cacheSizes(WANTED, 128 * MIB).jobs).toBeGreaterThan(8 * MIB);
    expect(cacheSizes({ jobs: 1000 * MIB, responses: 0 }, 256 * MIB).responses).toBe(0);
  });
});
