import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

const UNKNOWN = 10_000;
const AT_ONCE = 100;
/** Tokens with known keys, one of them for so many with unknown ones. */
const OF = 20;

let issuer: Issuer;
let gateway: TestGateway;
beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startGateway({ env: issuer.env });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that anyone can make. */
function unknownToken(number: number): string {
  const claims = { iss: issuer.url, aud: 'package-jobs', sub: 'x', exp: Math.floor(Date.now() / 1000) + 60 };
  return `${part({ alg: 'ES256', kid: `unknown-${String(number)}` })}.${part(claims)}.${part({ number })}`;
}

async function codeOf(authorization: string | undefined): Promise<unknown> {
  const { errors } = await gateway.query(
    '{ __typename }',
    {},
    authorization === undefined ? {} : { authorization },
  );
  return errors?.[0]?.extensions['code'] ?? 'none';
}

/** Asks so many times without a token that is accepted, and with good ones in between. Gives what these took, in order. */
async function timesBeside(
  badToken: (number: number) => string | undefined,
  codes: Map<unknown, number>,
): Promise<{ readonly p50: number; readonly p99: number; readonly seconds: number }> {
  const known = await Promise.all(
    Array.from({ length: UNKNOWN / OF }, () => issuer.bearer({ sub: randomUUID() })),
  );
  const times: number[] = [];
  let next = 0;
  const ask = async () => {
    for (let number = next++; number < UNKNOWN; number = next++) {
      const code = await codeOf(badToken(number));
      codes.set(code, (codes.get(code) ?? 0) + 1);
      const { authorization } = number % OF === 0 ? (known[number / OF] ?? {}) : {};
      if (authorization === undefined) continue;
      const startedAt = performance.now();
      // A token that is new to the gateway, and then one that it remembers.
      expect([await codeOf(authorization), await codeOf(authorization)]).toEqual(['none', 'none']);
      times.push((performance.now() - startedAt) / 2);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const seconds = (performance.now() - startedAt) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), seconds };
}

it(`${String(UNKNOWN)} tokens with unknown keys have a silent issuer asked no more than promised, and no other token waits for it, or for them`, async () => {
  const codes = new Map<unknown, number>();
  const usual = await timesBeside(() => undefined, codes);
  expect([...codes.keys()]).toEqual(['UNAUTHENTICATED']);
  const held = Promise.withResolvers<void>();
  issuer.answer = (_request, response) => void held.promise.then(() => response.end('{"keys":[]}'));
  // These wait for the issuer, as many as may. They leave no room for more.
  const waiting = Array.from({ length: 200 }, (_, index) =>
    codeOf(`Bearer ${unknownToken(UNKNOWN + index)}`),
  );
  await expect.poll(() => issuer.asked).toBe(2);
  // The issuer has not answered yet.
  const { p50, p99, seconds } = await timesBeside((number) => `Bearer ${unknownToken(number)}`, codes);
  held.resolve();
  for (const code of await Promise.all(waiting)) codes.set(code, (codes.get(code) ?? 0) + 1);
  // Only some of an address wait for keys.
  const expected = new Set<unknown>(['AUTH_UNAVAILABLE', 'UNAUTHENTICATED', 'RATE_LIMITED']);
  expect([...codes.keys()].filter((code) => !expected.has(code))).toEqual([]);
  // At the start, and once for all of these. Its silence is a failure after 5 s, and it is asked again by the schedule of these.
  expect(issuer.asked).toBeLessThanOrEqual(2 + Math.ceil(seconds / 5));
  process.stdout.write(
    `${String(Math.round(UNKNOWN / seconds))} unknown keys a second; known tokens: ` +
      `median ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; beside requests without a token: ` +
      `median ${usual.p50.toFixed(1)} ms, p99 ${usual.p99.toFixed(1)} ms\n`,
  );
  // A machine that is busy has its pauses in either of them.
  expect(p99).toBeLessThan(2 * usual.p99 + 100);
}, 300_000);
