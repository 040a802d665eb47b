import { describe, expect, it } from 'vitest';
import { ClientShares } from '../src/client-shares.ts';

describe('the shares of clients', () => {
  it('allow each client as much as the bound, whatever the others have', () => {
    const shares = new ClientShares(3);
    shares.add('a', 2);
    expect(shares.allows('a')).toBe(true);
    expect(shares.allows('a', 2)).toBe(false);
    shares.add('a', 1);
    expect(shares.allows('a')).toBe(false);
    expect(shares.allows('b', 3)).toBe(true);
  });

  it('allow again what was given back, and add up', () => {
    const shares = new ClientShares(1);
    shares.add('a', 1);
    shares.add('b', 1);
    shares.add('a', -1);
    expect(shares.allows('a')).toBe(true);
    expect([shares.of('a'), shares.of('b'), shares.total]).toEqual([0, 1, 1]);
  });

  it('do not bound the gateway itself', () => {
    const shares = new ClientShares(1);
    shares.add('', 5);
    expect(shares.allows('', 5)).toBe(true);
  });
});
