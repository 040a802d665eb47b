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

async function codeOf(authorization: string): Promise<unknown> {
  const { errors } = await gateway.query('{ __typename }', {}, { authorization });
  return errors?.[0]?.extensions['code'] ?? 'none';
}

it(`${String(UNKNOWN)} tokens with unknown keys have a silent issuer asked no more than promised, and no other token waits for it`, async () => {
  const known = await Promise.all(
    Array.from({ length: UNKNOWN / OF }, (_, index) => issuer.bearer({ sub: `known-${String(index)}` })),
  );
  const held = Promise.withResolvers<void>();
  issuer.answer = (_request, response) => void held.promise.then(() => response.end('{"keys":[]}'));
  // These wait for the issuer, as many as may. They leave no room for more.
  const waiting = Array.from({ length: 200 }, (_, index) =>
    codeOf(`Bearer ${unknownToken(UNKNOWN + index)}`),
  );
  await expect.poll(() => issuer.asked).toBe(2);
  const times: number[] = [];
  const codes = new Map<unknown, number>();
  let next = 0;
  const ask = async () => {
    for (let number = next++; number < UNKNOWN; number = next++) {
      const code = await codeOf(`Bearer ${unknownToken(number)}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      const { authorization = '' } = number % OF === 0 ? (known[number / OF] ?? {}) : {};
      if (authorization === '') continue;
      const startedAt = performance.now();
      // A token that is new to the gateway, and then one that it remembers. The issuer has not answered yet.
      expect([await codeOf(authorization), await codeOf(authorization)]).toEqual(['none', 'none']);
      times.push((performance.now() - startedAt) / 2);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const seconds = (performance.now() - startedAt) / 1000;
  held.resolve();
  for (const code of await Promise.all(waiting)) codes.set(code, (codes.get(code) ?? 0) + 1);
  // Only some of an address wait for keys.
  const expected = new Set<unknown>(['AUTH_UNAVAILABLE', 'UNAUTHENTICATED', 'RATE_LIMITED']);
  expect([...codes.keys()].filter((code) => !expected.has(code))).toEqual([]);
  // At the start, and once for all of these. Its silence is a failure after 5 s, and it is asked again by the schedule of these.
  expect(issuer.asked).toBeLessThanOrEqual(2 + Math.ceil(seconds / 5));
  times.sort((a, b) => a - b);
  process.stdout.write(
    `${String(Math.round(UNKNOWN / seconds))} unknown keys a second; known tokens: ` +
      `median ${(times[times.length >> 1] ?? NaN).toFixed(1)} ms, p99 ${(times[Math.floor(times.length * 0.99)] ?? NaN).toFixed(1)} ms\n`,
  );
}, 300_000);
