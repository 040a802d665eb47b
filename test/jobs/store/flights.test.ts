import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { Flights } from '../../../src/jobs/store/flights.ts';
import { ClientReads } from '../../../src/jobs/store/reads.ts';

const ann = { client: 'ann', turnKey: {} };
const bob = { client: 'bob', turnKey: {} };
const own = { client: '', turnKey: {} };
const { max } = BOUNDS.readsOfClient;

/** Reads that end when they are told to. */
function setUp() {
  const clock = { now: 0 };
  const { promise, resolve } = Promise.withResolvers<string>();
  return {
    clock,
    flights: new Flights<string>(() => clock.now, 1000, new ClientReads()),
    read: () => promise,
    end: () => resolve('job'),
  };
}

describe('Flights', () => {
  it('refuses a client that has begun too many reads, and no other, until some have ended', async () => {
    const { flights, read, end } = setUp();
    for (let index = 0; index < max; index += 1) flights.begin(String(index), 'detail', ann, read);
    expect(() => flights.begin('one more', 'detail', ann, read)).toThrow('RATE_LIMITED');
    const others = flights.begin('one more', 'detail', bob, read);
    expect(flights.toJoin('one more', 'summary')).toBe(others);
    end();
    await others.ended;
    expect(() => flights.begin('later', 'detail', ann, read)).not.toThrow();
  });

  it('lets the gateway itself begin any number', () => {
    const { flights, read } = setUp();
    for (let index = 0; index <= max; index += 1) flights.begin(String(index), 'detail', own, read);
    expect(flights.toJoin(String(max), 'detail')).toBeDefined();
  });

  it('offers a read to those whom it brings all that they ask for, as new as promised', () => {
    const { clock, flights, read } = setUp();
    const flight = flights.begin('a', 'summary', ann, read);
    expect(flights.toJoin('a', 'summary')).toBe(flight);
    expect(flights.toJoin('a', 'detail')).toBeUndefined();
    expect(flights.toJoin('b', 'summary')).toBeUndefined();
    clock.now = 1000;
    expect(flights.toJoin('a', 'summary')).toBeUndefined();
  });

  it('offers no read that everybody has left', async () => {
    const { flights, read } = setUp();
    const flight = flights.begin('a', 'detail', ann, read);
    const leaving = new AbortController();
    void flight.join({ ...ann, signal: leaving.signal });
    leaving.abort();
    expect(flights.toJoin('a', 'detail')).toBeUndefined();
  });
});
