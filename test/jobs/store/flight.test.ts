import { describe, expect, it } from 'vitest';
import { Flight } from '../../../src/jobs/store/flight.ts';

const FOREVER = new AbortController().signal;

/** A read that ends when it is told to, and rejects when its signal aborts. */
function read() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let signal: AbortSignal | undefined;
  const flight = new Flight(0, (given) => {
    signal = given;
    given.addEventListener('abort', () => reject(new Error('aborted')));
    return promise;
  });
  return { flight, resolve, isAborted: () => signal?.aborted };
}

describe('Flight', () => {
  it('brings one result to all who joined', async () => {
    const { flight, resolve } = read();
    const joined = [flight.join(FOREVER), flight.join(FOREVER)];
    resolve('job');
    await expect(Promise.all(joined)).resolves.toEqual(['job', 'job']);
  });

  it('goes on when one caller leaves, who gets a typed error at once', async () => {
    const { flight, resolve, isAborted } = read();
    const controller = new AbortController();
    const [left, stayed] = [flight.join(controller.signal), flight.join(FOREVER)];
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(isAborted()).toBe(false);
    resolve('job');
    await expect(stayed).resolves.toBe('job');
  });

  it('ends when the last caller leaves, who gets the read’s own error', async () => {
    const { flight, isAborted } = read();
    const [a, b] = [new AbortController(), new AbortController()];
    const joined = [flight.join(a.signal), flight.join(b.signal)];
    a.abort();
    b.abort();
    await expect(joined[0]).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect(joined[1]).rejects.toThrow('aborted');
    expect([isAborted(), flight.isAbandoned]).toEqual([true, true]);
  });

  it('turns away a caller whose signal has aborted before', async () => {
    const { flight } = read();
    await expect(flight.join(AbortSignal.abort())).rejects.toThrow('aborted');
  });

  it('takes callers who join once it has landed', async () => {
    const { flight, resolve } = read();
    resolve('job');
    await flight.join(FOREVER);
    await expect(flight.join(FOREVER)).resolves.toBe('job');
  });
});
