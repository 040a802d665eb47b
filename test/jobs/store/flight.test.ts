import { describe, expect, it } from 'vitest';
import { Flight } from '../../../src/jobs/store/flight.ts';

const waiting = (signal: AbortSignal) => ({ signal, client: 'ann', turnKey: {} });
const FOREVER = waiting(new AbortController().signal);

/** A read that ends when it is told to, and rejects when its signal aborts. */
function read() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let signal: AbortSignal | undefined;
  const flight = new Flight(0, FOREVER, (given) => {
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
    const [left, stayed] = [flight.join(waiting(controller.signal)), flight.join(FOREVER)];
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(isAborted()).toBe(false);
    resolve('job');
    await expect(stayed).resolves.toBe('job');
  });

  it('ends when the last caller leaves, who gets the read’s own error', async () => {
    const { flight, isAborted } = read();
    const [a, b] = [new AbortController(), new AbortController()];
    const joined = [flight.join(waiting(a.signal)), flight.join(waiting(b.signal))];
    a.abort();
    b.abort();
    await expect(joined[0]).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect(joined[1]).rejects.toThrow('aborted');
    expect([isAborted(), flight.isAbandoned]).toEqual([true, true]);
  });

  it('asks for its calls on behalf of those who wait for it', async () => {
    const asking: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    const [ann, bob] = [new AbortController(), new AbortController()];
    const callers = [waiting(ann.signal), { ...waiting(bob.signal), client: 'bob' }] as const;
    const flight = new Flight(0, callers[0], (_signal, askers) => {
      askers.each(({ client }) => {
        asking.push(client);
        return () => asking.splice(asking.indexOf(client), 1);
      });
      return promise;
    });
    expect(asking).toEqual(['ann']);
    const joined = callers.map((caller) => flight.join(caller));
    expect(asking).toEqual(['ann', 'bob']);
    ann.abort();
    await expect(joined[0]).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(asking).toEqual(['bob']);
    resolve('job');
    await expect(joined[1]).resolves.toBe('job');
  });

  it('turns away a caller whose signal has aborted before', async () => {
    const { flight } = read();
    await expect(flight.join(waiting(AbortSignal.abort()))).rejects.toThrow('aborted');
  });

  it('takes callers who join once it has landed', async () => {
    const { flight, resolve } = read();
    resolve('job');
    await flight.join(FOREVER);
    await expect(flight.join(FOREVER)).resolves.toBe('job');
  });
});
