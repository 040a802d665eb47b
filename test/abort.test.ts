import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../src/abort.ts';

describe('onAbort', () => {
  it('calls everyone once when the signal aborts', () => {
    const controller = new AbortController();
    const called: number[] = [];
    for (const number of [1, 2, 3]) onAbort(controller.signal, () => called.push(number));
    controller.abort();
    controller.abort();
    expect(called).toEqual([1, 2, 3]);
  });

  it('calls a function as often as it was given', () => {
    const controller = new AbortController();
    let calls = 0;
    const run = () => {
      calls += 1;
    };
    onAbort(controller.signal, run);
    const forget = onAbort(controller.signal, run);
    onAbort(controller.signal, run);
    forget();
    controller.abort();
    expect(calls).toBe(2);
  });

  it('calls at once when the signal has aborted', () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => {
      calls += 1;
    });
    expect(calls).toBe(1);
  });

  it('does not call who has taken it back, even while others are called', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => {
      called.push('first');
      forget();
    });
    const forget = onAbort(controller.signal, () => called.push('second'));
    controller.abort();
    expect(called).toEqual(['first']);
  });

  it('puts one listener on the signal, however many there are', () => {
    const { signal } = new AbortController();
    for (let index = 0; index < 10_000; index += 1) onAbort(signal, () => undefined);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });
});
