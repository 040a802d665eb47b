import type { FormattedExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { createSharedResults, sizeOf } from '../../../src/server/graphql/shared-results.ts';

const atOnce = () => undefined;
const lasting = () => false;
const event = (state: object, operation = '1', client = 'a') => ({ state, operation, client });

/** An execution that counts itself. */
function counted(result: FormattedExecutionResult = { data: { a: 1 } }) {
  let count = 0;
  return {
    get count() {
      return count;
    },
    execute: () => {
      count += 1;
      return Promise.resolve(result);
    },
  };
}

describe('shared results', () => {
  it('are executed once for the same state and the same operation, whoever asks', async () => {
    const results = createSharedResults(atOnce, lasting);
    const state = {};
    const execution = counted();
    const ask = (operation: string, of: object, client: string) =>
      results.of(event(of, operation, client), execution.execute);
    await Promise.all([ask('1', state, 'a'), ask('1', state, 'a'), ask('1', state, 'b')]);
    await ask('1', state, 'c');
    expect(execution.count).toBe(1);
    await ask('2', state, 'a');
    await ask('1', {}, 'a');
    expect(execution.count).toBe(3);
  });

  it('with errors, or that failed, are shared no longer than they are awaited', async () => {
    const results = createSharedResults(atOnce, lasting);
    const state = {};
    const withErrors = counted({ errors: [{ message: 'no' }] });
    await Promise.all([1, 2].map(() => results.of(event(state), withErrors.execute)));
    expect(withErrors.count).toBe(1);
    await results.of(event(state), withErrors.execute);
    expect(withErrors.count).toBe(2);
    const failed = results.of(event(state, '2'), () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    await expect(results.of(event(state, '2'), counted().execute)).resolves.toEqual({ data: { a: 1 } });
  });

  it('that go by the clock are shared for a burst, and executed again after that', async () => {
    const results = createSharedResults(atOnce, () => true);
    const state = {};
    const execution = counted();
    const ask = () => results.of(event(state), execution.execute);
    await Promise.all([ask(), ask()]);
    await ask();
    expect(execution.count).toBe(1);
    await expect.poll(() => ask().then(() => execution.count), { interval: 10 }).toBe(2);
  });

  it('take one turn of each client that waits for them, and the first turn executes', async () => {
    const turns: [client: string, begin: () => void][] = [];
    const results = createSharedResults(
      (client) => new Promise((resolve) => turns.push([client, () => resolve()])),
      lasting,
    );
    const state = {};
    const execution = counted();
    const all = ['a', 'a', 'b', 'b', 'a'].map((client) =>
      results.of(event(state, '1', client), execution.execute),
    );
    expect(turns.map(([client]) => client)).toEqual(['a', 'b']);
    turns[1]?.[1]();
    await expect(all[2]).resolves.toEqual({ data: { a: 1 } });
    turns[0]?.[1]();
    await Promise.all(all);
    expect(execution.count).toBe(1);
  });

  it('take no more than their bound, however many operations there are', async () => {
    const results = createSharedResults(atOnce, lasting);
    const state = {};
    const execution = counted({ data: { text: 'x'.repeat(10_000) } });
    for (let index = 0; index < 2000; index += 1) {
      await results.of(event(state, String(index)), execution.execute);
      expect(results.bytes).toBeLessThanOrEqual(BOUNDS.sharedResults.max);
    }
    await results.of(event(state, '1999'), execution.execute);
    expect(execution.count).toBe(2000);
    await results.of(event(state, '0'), execution.execute);
    expect(execution.count).toBe(2001);
  });

  it('that are larger than the bound are not kept', async () => {
    const results = createSharedResults(atOnce, lasting);
    const execution = counted({ data: { text: 'x'.repeat(BOUNDS.sharedResults.max) } });
    await results.of(event({}), execution.execute);
    expect(results.bytes).toBe(0);
  });

  it('weigh each member and each text', () => {
    expect(sizeOf({ a: 'xx' }) - sizeOf({ a: '' })).toBe(4);
    expect(sizeOf({ a: [1, 2, 3] })).toBeGreaterThan(sizeOf({ a: [1] }));
    expect(sizeOf({ a: null, b: { c: null } })).toBeGreaterThan(sizeOf({ a: null }));
  });
});
