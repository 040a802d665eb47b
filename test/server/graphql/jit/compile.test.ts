import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../../src/bounds.ts';
import { CompileBudget } from '../../../../src/server/graphql/jit/compile.ts';

const HUNDRED = parse(`{ ${'name '.repeat(99)} }`);

describe('the budget of what is compiled', () => {
  it('is spent at once, then comes back with the time', () => {
    let now = 0;
    const budget = new CompileBudget(() => now);
    let taken = 0;
    while (budget.take(HUNDRED)) taken += 1;
    expect(taken).toBe(BOUNDS.compiledFields.max / 100);
    now += 100;
    expect([budget.take(HUNDRED), budget.take(HUNDRED)]).toEqual([true, false]);
    now += 3_600_000;
    taken = 0;
    while (budget.take(HUNDRED)) taken += 1;
    expect(taken).toBe(BOUNDS.compiledFields.max / 100);
  });
});
