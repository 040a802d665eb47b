import { describe, expect, it } from 'vitest';
import { createFairQueue, type FairQueue } from '../src/fair-queue.ts';

const [ann, bob, cleo] = [{}, {}, {}];

function takeAll<T>(queue: FairQueue<T>): T[] {
  const taken: T[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

describe('createFairQueue', () => {
  it('takes one item of each owner in turn, and those of one owner in order', () => {
    const queue = createFairQueue<string>();
    for (const item of ['a1', 'a2', 'a3', 'a4']) queue.push(ann, item);
    for (const item of ['b1', 'b2']) queue.push(bob, item);
    queue.push(cleo, 'c1');
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('gives an owner who comes later the turn after those already waiting', () => {
    const queue = createFairQueue<string>();
    for (const item of ['a1', 'a2', 'a3']) queue.push(ann, item);
    for (const item of ['b1', 'b2']) queue.push(bob, item);
    expect(queue.take()).toBe('a1');
    queue.push(cleo, 'c1');
    expect(takeAll(queue)).toEqual(['b1', 'a2', 'c1', 'b2', 'a3']);
  });

  it('serves nobody twice in a row while others wait', () => {
    const queue = createFairQueue<string>();
    queue.push(ann, 'a1');
    queue.take();
    queue.push(ann, 'a2');
    queue.push(bob, 'b1');
    queue.push(cleo, 'c1');
    expect(takeAll(queue)).toEqual(['b1', 'c1', 'a2']);
  });

  it('takes items out from anywhere, once', () => {
    const queue = createFairQueue<string>();
    const leaveFirst = queue.push(ann, 'a1');
    const leaveMiddle = queue.push(ann, 'a2');
    const leaveOnly = queue.push(bob, 'b1');
    queue.push(ann, 'a3');
    for (const leave of [leaveMiddle, leaveOnly, leaveFirst, leaveFirst]) leave();
    expect(queue.size).toBe(1);
    expect(takeAll(queue)).toEqual(['a3']);
  });

  it('ignores that an item leaves which was taken', () => {
    const queue = createFairQueue<string>();
    const leave = queue.push(ann, 'a1');
    queue.push(ann, 'a2');
    queue.take();
    leave();
    expect(queue.size).toBe(1);
  });

  it('is empty after its last item, and serves on', () => {
    const queue = createFairQueue<string>();
    queue.push(ann, 'a1');
    takeAll(queue);
    expect(queue.size).toBe(0);
    expect(queue.take()).toBeUndefined();
    queue.push(ann, 'a2');
    expect(takeAll(queue)).toEqual(['a2']);
  });

  it('gives an owner more than its turn on request, and goes on behind it', () => {
    const queue = createFairQueue<string>();
    for (const item of ['a1', 'a2', 'a3']) queue.push(ann, item);
    queue.push(bob, 'b1');
    expect(queue.take()).toBe('a1');
    expect(queue.takeOf(ann)).toBe('a2');
    expect(queue.take()).toBe('b1');
    expect(queue.takeOf(bob)).toBeUndefined();
    expect(takeAll(queue)).toEqual(['a3']);
  });
});
