import { errors } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeysUnavailableError } from '../../../src/server/auth/errors.ts';
import {
  REFRESH_MS,
  startIssuerKeys,
  UNKNOWN_KEY_PAUSE_MS,
  type IssuerKeys,
} from '../../../src/server/auth/issuer-keys.ts';
import { createSigningKey, type SigningKey } from '../../support/issuer.ts';

const HOUR_MS = 3_600_000;

let first: SigningKey;
let second: SigningKey;
beforeAll(async () => {
  first = await createSigningKey('first');
  second = await createSigningKey('second');
});
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** An issuer by the clock of the test. */
function start(isDown = false) {
  const stop = new AbortController();
  const issuer = {
    isDown,
    keys: [first],
    asked: 0,
    stop: () => stop.abort(),
  };
  const keys = startIssuerKeys({
    issuer: 'https://login.example.com/',
    jwksUrl: new URL('https://login.example.com/keys'),
    fetchJson() {
      issuer.asked += 1;
      if (issuer.isDown) return Promise.reject(new Error('ECONNREFUSED'));
      return Promise.resolve({ keys: issuer.keys.map(({ jwk }) => jwk) });
    },
    stopping: stop.signal,
    events: { onKeys: () => undefined, onFailure: () => undefined },
  });
  return { issuer, keys };
}

/** What comes of a token that names this key. */
async function lookUp({ getKey }: IssuerKeys, kid: string): Promise<string> {
  const token = { payload: '', signature: '' };
  try {
    await getKey({ alg: 'ES256', kid }, token, '127.0.0.1');
    return 'known';
  } catch (error) {
    if (error instanceof KeysUnavailableError) return 'unavailable';
    return error instanceof errors.JWKSNoMatchingKey ? 'unknown' : String(error);
  }
}

/** Lets time pass second by second, and asks for keys that nobody knows in each. */
async function floodFor(keys: IssuerKeys, seconds: number): Promise<Set<string>> {
  const outcomes = new Set<string>();
  for (let second = 0; second < seconds; second += 1) {
    const asked = [1, 2, 3].map((number) => lookUp(keys, `none-${String(second)}-${String(number)}`));
    for (const outcome of await Promise.all(asked)) outcomes.add(outcome);
    await vi.advanceTimersByTimeAsync(1000);
  }
  return outcomes;
}

describe('an issuer is asked for its keys', () => {
  it('at the start and every five minutes, whether there are tokens or not', async () => {
    const { issuer, keys } = start();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(issuer.asked).toBe(1 + HOUR_MS / REFRESH_MS);
    expect(await lookUp(keys, 'first')).toBe('known');
    expect(issuer.asked).toBe(1 + HOUR_MS / REFRESH_MS);
    issuer.stop();
  });

  it('once more in 30 s for any number of keys that nobody knows', async () => {
    const { issuer, keys } = start();
    await vi.advanceTimersByTimeAsync(0);
    expect(await floodFor(keys, 600)).toEqual(new Set(['unknown']));
    expect(await lookUp(keys, 'first')).toBe('known');
    expect(issuer.asked).toBeGreaterThan(600_000 / UNKNOWN_KEY_PAUSE_MS - 1);
    expect(issuer.asked).toBeLessThanOrEqual(1 + 600_000 / UNKNOWN_KEY_PAUSE_MS + 600_000 / REFRESH_MS);
    issuer.stop();
  });

  it('after 1, 2, 4, 8, 16 and 30 s while it is down from the start, whoever asks meanwhile', async () => {
    const { issuer, keys } = start(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(await floodFor(keys, 600)).toEqual(new Set(['unavailable']));
    // At 0, 1, 3, 7, 15 and 31 s, then every 30 s.
    expect(issuer.asked).toBe(6 + Math.floor((600 - 31) / 30));
    issuer.isDown = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await lookUp(keys, 'first')).toBe('known');
    issuer.stop();
  });

  it('no more often while it is down later, and the keys that were had stay in use for hours', async () => {
    const { issuer, keys } = start();
    await vi.advanceTimersByTimeAsync(REFRESH_MS - 1000);
    const before = issuer.asked;
    issuer.isDown = true;
    expect(await floodFor(keys, 600)).toEqual(new Set(['unknown']));
    // For unknown keys, and by the schedule of failures, which begins anew with each of these.
    expect(issuer.asked - before).toBeLessThanOrEqual(6 + 2 * (600_000 / UNKNOWN_KEY_PAUSE_MS));
    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    expect(await lookUp(keys, 'first')).toBe('known');
    issuer.stop();
  });

  it('so that a key that it has taken back is not accepted five minutes later, and a new one is at once', async () => {
    const { issuer, keys } = start();
    await vi.advanceTimersByTimeAsync(0);
    issuer.keys = [first, second];
    expect(await lookUp(keys, 'second')).toBe('known');
    expect(issuer.asked).toBe(2);
    issuer.keys = [second];
    expect(await lookUp(keys, 'first')).toBe('known');
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    expect([await lookUp(keys, 'first'), await lookUp(keys, 'second')]).toEqual(['unknown', 'known']);
    issuer.stop();
  });
});

it('a key is known to be unknown at once for 30 s after the issuer was asked for it, unless it is being asked', async () => {
  const { issuer, keys } = start();
  expect(keys.lacks('second')).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  // The first such token has the keys fetched.
  expect(keys.lacks('second')).toBe(false);
  const asking = lookUp(keys, 'second');
  expect(keys.lacks('second')).toBe(false);
  expect(await asking).toBe('unknown');
  expect([keys.lacks('second'), keys.lacks('first'), keys.lacks(undefined)]).toEqual([true, false, false]);
  await vi.advanceTimersByTimeAsync(UNKNOWN_KEY_PAUSE_MS);
  expect(keys.lacks('second')).toBe(false);
  issuer.stop();
});
