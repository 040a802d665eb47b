import { describe, expect, it } from 'vitest';
import { createSlices } from '../src/slices.ts';

/** Counts the turns of the event loop until a promise has settled. */
async function turnsUntil(settled: Promise<unknown>): Promise<number> {
  const state = { turns: 0, isOver: false };
  void settled.finally(() => (state.isOver = true));
  while (!state.isOver) {
    await new Promise(setImmediate);
    state.turns += 1;
  }
  return state.turns;
}

/** Computes for so long, in milliseconds. */
function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('slices', () => {
  it('let nothing go on in the turn of the event loop in which it asked', async () => {
    const slices = createSlices();
    let hasGoneOn = false;
    const going = slices.next('a').then(() => (hasGoneOn = true));
    await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(hasGoneOn).toBe(false);
    await going;
  });

  it('let all that takes little go on in the next turn, one of each client in rotation', async () => {
    const slices = createSlices();
    const order: string[] = [];
    const all = ['a1', 'a2', 'a3', 'b1', 'c1', 'c2'].map(async (name) => {
      await slices.next(name.slice(0, 1));
      order.push(name);
    });
    expect(await turnsUntil(Promise.all(all))).toBeLessThanOrEqual(2);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('leave what takes longer to later turns, whatever follows from it by promises', async () => {
    const slices = createSlices();
    const all = Array.from({ length: 20 }, async () => {
      await slices.next('a');
      await Promise.resolve();
      await Promise.resolve();
      compute(3);
    });
    // Each turn has room for two of them, and for some more on a machine that gives its time to others.
    expect(await turnsUntil(Promise.all(all))).toBeGreaterThanOrEqual(4);
  });

  it('let a client go on among the first that comes behind a thousand of another', async () => {
    const slices = createSlices();
    let gone = 0;
    const many = Array.from({ length: 1000 }, async () => {
      await slices.next('many');
      gone += 1;
      compute(0.1);
    });
    await slices.next('one');
    expect(gone).toBeLessThanOrEqual(2);
    await Promise.all(many);
  });

  it('let those who write to one connection go on together', async () => {
    const slices = createSlices();
    const order: string[] = [];
    const [one, two] = [{}, {}];
    const all = ['1', '2', '1', '2', '1'].map(async (name) => {
      await slices.next('a', name === '1' ? one : two);
      order.push(name);
    });
    await Promise.all(all);
    expect(order).toEqual(['1', '1', '1', '2', '2']);
  });

  it('let at most sixteen of one connection go on before another client', async () => {
    const slices = createSlices();
    const connection = {};
    const order: string[] = [];
    const go = (client: string) => slices.next(client, connection).then(() => order.push(client));
    const many = Array.from({ length: 20 }, () => go('many'));
    await Promise.all([...many, slices.next('one').then(() => order.push('one'))]);
    expect(order.indexOf('one')).toBe(16);
    expect(order).toHaveLength(21);
  });

  it('let whoever joins a connection that has gone on go on later', async () => {
    const slices = createSlices();
    const connection = {};
    await slices.next('a', connection);
    await slices.next('a', connection);
    await expect(slices.next('b', connection)).resolves.toBeUndefined();
  });

  it('let whoever has gone on wait for the next turn', async () => {
    const slices = createSlices();
    const again = async () => {
      for (let round = 0; round < 5; round += 1) await slices.next('a');
    };
    expect(await turnsUntil(again())).toBeGreaterThanOrEqual(5);
  });
});
