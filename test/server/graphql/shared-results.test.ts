import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { createSharedResults, sizeOf } from '../../../src/server/graphql/shared-results.ts';

describe('shared results', () => {
  it('are executed once for the same state and the same operation', async () => {
    const results = createSharedResults();
    const state = {};
    const result = results.share(state, '1', () => Promise.resolve({ data: { a: 1 } }));
    expect(results.find(state, '1')).toBe(result);
    await result;
    expect(results.find(state, '1')).toBe(result);
    expect(results.find(state, '2')).toBeUndefined();
    expect(results.find({}, '1')).toBeUndefined();
  });

  it('with errors, or that failed, are shared no longer than they are awaited', async () => {
    const results = createSharedResults();
    const state = {};
    const withErrors = results.share(state, '1', () => Promise.resolve({ errors: [{ message: 'no' }] }));
    const failed = results.share(state, '2', () => Promise.reject(new Error('no')));
    expect(results.find(state, '1')).toBe(withErrors);
    await expect(failed).rejects.toThrow('no');
    await withErrors;
    expect(results.find(state, '1')).toBeUndefined();
    expect(results.find(state, '2')).toBeUndefined();
  });

  it('take no more than their bound, however many operations there are', async () => {
    const results = createSharedResults();
    const state = {};
    const data = { text: 'x'.repeat(10_000) };
    for (let index = 0; index < 2000; index += 1) {
      await results.share(state, String(index), () => Promise.resolve({ data }));
      expect(results.bytes).toBeLessThanOrEqual(BOUNDS.sharedResults.max);
    }
    expect(results.find(state, '0')).toBeUndefined();
    expect(results.find(state, '1999')).toBeDefined();
  });

  it('that are larger than the bound are not kept', async () => {
    const results = createSharedResults();
    const state = {};
    const data = { text: 'x'.repeat(BOUNDS.sharedResults.max) };
    await results.share(state, '1', () => Promise.resolve({ data }));
    expect(results.find(state, '1')).toBeUndefined();
    expect(results.bytes).toBe(0);
  });

  it('weigh each member and each text', () => {
    expect(sizeOf({ a: 'xx' }) - sizeOf({ a: '' })).toBe(4);
    expect(sizeOf({ a: [1, 2, 3] })).toBeGreaterThan(sizeOf({ a: [1] }));
    expect(sizeOf({ a: null, b: { c: null } })).toBeGreaterThan(sizeOf({ a: null }));
  });
});
