import { describe, expect, it } from 'vitest';
import { createRate, SPAN_MS } from '../../src/ice/rate.ts';
import { createTurns } from '../../src/ice/turns.ts';

const RATE = 50;
const CONCURRENCY = 32;
const SPANS = 20;

interface Item {
  readonly client: string;
  readonly askedAt: number;
}

interface Started extends Item {
  readonly at: number;
}

/** A budget whose clock only this moves, a millisecond at a time. Calls end `callMs` after their start. */
function simulate({ callMs = 20 } = {}) {
  let now = 0;
  const turns = createTurns<Item>(
    createRate(RATE, () => now),
    CONCURRENCY,
    () => now,
  );
  const started: Started[] = [];
  const ending: { readonly at: number; readonly end: () => void }[] = [];

  function startWhatMay(): void {
    for (let call = ending[0]; call !== undefined && call.at <= now; call = ending[0]) {
      call.end();
      ending.shift();
    }
    while (turns.waitMs() <= 0) {
      const start = turns.take();
      if (start === undefined) return;
      started.push({ ...start.item, at: now });
      ending.push({ at: now + callMs, end: start.end });
    }
  }

  return {
    started,
    of: (client: string) => started.filter((start) => start.client === client),
    ask(client: string, turnKey: object = {}) {
      const leave = turns.push({ client, turnKey }, { client, askedAt: now });
      startWhatMay();
      return leave;
    },
    /** Lets time pass. `everyMs` is called before each millisecond. */
    pass(ms: number, everyMs: (now: number) => void = () => undefined) {
      for (const until = now + ms; now < until; now += 1) {
        everyMs(now);
        startWhatMay();
      }
    },
    /** Keeps this many calls of a client waiting. */
    flood(client: string, calls = 100) {
      while (turns.waitingOf(client) < calls) this.ask(client);
    },
  };
}

const waits = (calls: readonly Started[]) => calls.map(({ at, askedAt }) => at - askedAt);

/** The most starts in any span. */
function mostInASpan(calls: readonly Started[]): number {
  return Math.max(
    ...calls.map(({ at }, index) => {
      const end = calls.findIndex((other) => other.at >= at + SPAN_MS);
      return (end === -1 ? calls.length : end) - index;
    }),
  );
}

describe('createTurns', () => {
  it('lets a client that is alone use the rate, but for one call in 50', () => {
    const budget = simulate();
    budget.pass(SPANS * SPAN_MS, () => budget.flood('ann'));
    expect(budget.started.length).toBeGreaterThanOrEqual(SPANS * (RATE - 1) - 1);
    expect(mostInASpan(budget.started)).toBeLessThanOrEqual(RATE);
  });

  it('starts a burst of a client that is alone at once, up to four fifths of the rate', () => {
    const budget = simulate({ callMs: 0 });
    for (let calls = 0; calls < 41; calls += 1) budget.ask('ann');
    budget.pass(1);
    expect(budget.started.filter(({ at }) => at === 0)).toHaveLength(41);
  });

  it('has a call free for a client at any time, while another floods', () => {
    const budget = simulate();
    budget.ask('bob');
    budget.pass(SPANS * SPAN_MS, (now) => {
      budget.flood('ann');
      if (now % 100 === 0) budget.ask('bob');
    });
    expect(Math.max(...waits(budget.of('bob')))).toBe(0);
    expect(budget.started.length).toBeGreaterThanOrEqual(0.88 * SPANS * RATE);
    expect(mostInASpan(budget.started)).toBeLessThanOrEqual(RATE);
  });

  it('has a call free for a new client, and soon more, while one floods that was alone', () => {
    const budget = simulate();
    budget.pass(SPANS * SPAN_MS, () => budget.flood('ann'));
    budget.pass(SPANS * SPAN_MS, (now) => {
      budget.flood('ann');
      if (now % 100 === 0) budget.ask('bob');
    });
    const [first, ...later] = waits(budget.of('bob'));
    expect(first).toBe(0);
    expect(Math.max(...later)).toBeLessThanOrEqual(SPAN_MS / 9 + 1);
    expect(Math.max(...later.slice(RATE))).toBe(0);
  });

  it('shares the rate equally between clients that all flood, the gateway itself being one', () => {
    const budget = simulate();
    const clients = ['ann', 'bob', ''];
    budget.pass(SPANS * SPAN_MS, () =>
      clients.forEach((client, index) => budget.flood(client, 10 * (index + 1))),
    );
    const counts = clients.map((client) => budget.of(client).length);
    // The one that came first had a burst before.
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(RATE / 2);
    expect(budget.started.length).toBeGreaterThanOrEqual(0.88 * SPANS * RATE);
  });

  it('has a call free for a client at any time, while two others and the gateway itself flood', () => {
    const budget = simulate();
    budget.pass(2 * SPANS * SPAN_MS, (now) => {
      for (const client of ['ann', 'cleo', '']) budget.flood(client);
      if (now > SPANS * SPAN_MS && now % 200 === 0) budget.ask('bob');
    });
    expect(Math.max(...waits(budget.of('bob')))).toBe(0);
  });

  it('keeps some of the concurrency free while calls of another client hang', () => {
    const budget = simulate({ callMs: Infinity });
    budget.ask('bob');
    budget.pass(5 * SPAN_MS, () => budget.flood('ann'));
    budget.ask('bob');
    expect(waits(budget.of('bob'))).toEqual([0, 0]);
    expect(budget.started.length).toBeLessThan(CONCURRENCY);
  });

  it('lets the operations of one client take turns', () => {
    const budget = simulate();
    const [large, small] = [{}, {}];
    for (let calls = 0; calls < 100; calls += 1) budget.ask('ann', large);
    const before = budget.started.length;
    budget.ask('ann', small);
    budget.pass(SPAN_MS);
    expect(budget.started.slice(before).findIndex(({ askedAt, at }) => askedAt === 0 && at > 0)).toBe(0);
  });

  it('forgets a client that has nothing waiting, in flight or started of late', () => {
    const budget = simulate();
    // Were they not forgotten, the share of each would be one call.
    for (let client = 0; client < 40; client += 1) budget.ask(String(client));
    budget.pass(2 * SPAN_MS);
    budget.ask('bob');
    const before = budget.started.length;
    for (let calls = 0; calls < 24; calls += 1) budget.ask('bob');
    expect(budget.started.length - before).toBe(24);
  });
});
