import { describe, expect, it } from 'vitest';
import { Doorkeeper } from '../../../src/server/response-cache/doorkeeper.ts';

const keys = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => `${name} ${String(index)}`);

describe('a doorkeeper', () => {
  it('knows a key when it is asked about it again', () => {
    const doorkeeper = new Doorkeeper(1024);
    expect([1, 2, 3].map(() => doorkeeper.knows('key'))).toEqual([false, true, true]);
  });

  it('knows most of as many keys as a tenth of its places, and hardly one it was never asked about', () => {
    const doorkeeper = new Doorkeeper(1024);
    const known = (name: string) => keys(100, name).filter((key) => doorkeeper.knows(key)).length;
    expect(known('one')).toBe(0);
    expect(known('one')).toBeGreaterThan(85);
    expect(known('two')).toBe(0);
  });

  it('forgets a key when many others came meanwhile', () => {
    const doorkeeper = new Doorkeeper(64);
    doorkeeper.knows('key');
    for (const key of keys(1000, 'other')) doorkeeper.knows(key);
    expect(doorkeeper.knows('key')).toBe(false);
  });
});
