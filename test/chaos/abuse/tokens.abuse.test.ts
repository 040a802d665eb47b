import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIssuer, type Issuer } from '../../support/issuer.ts';
import { quantile } from '../support/load.ts';
import { createBystander, type Bystander } from './support/bystander.ts';
import { kindsOf } from './support/log.ts';
import { times } from './support/rows.ts';
import { createTally, describeTally, type Tally } from './support/tally.ts';
import { startTarget, type Target } from './support/target.ts';
import { openWebSocket, send } from './support/transports.ts';

/** By how much the bystander's p99 may exceed the quiet one, in milliseconds that the gateway computes. */
const DELAY_MS = 150;
const MIB = 1024 * 1024;
const COUNT = 4000;

let issuer: Issuer;
let target: Target;
let bystander: Bystander;
/** Is good for an hour. */
let good: string;

beforeAll(async () => {
  issuer = await startIssuer();
  target = await startTarget({ env: issuer.env });
  bystander = await createBystander(target);
  good = await issuer.token();
});
afterAll(async () => {
  await bystander.close();
  await target.close();
  await issuer.close();
});

const text = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

/** A token whose signature is garbage, with what is peculiar to it. */
function forged(mark: string, header: object = {}, claims: object = {}): string {
  const head = { alg: 'ES256', kid: issuer.key.kid, ...header };
  const body = {
    iss: issuer.url,
    aud: 'package-jobs',
    sub: mark,
    exp: inAnHour(),
    scope: 'jobs:read',
    ...claims,
  };
  return `${text(head)}.${text(body)}.${Buffer.alloc(64, mark).toString('base64url')}`;
}

/** Tokens that are not accepted, each another. */
const GARBAGE: Readonly<Record<string, (mark: string) => string>> = {
  'no token at all': (mark) => `${mark}.${mark}.${mark}`,
  'signed by nobody': (mark) => forged(mark),
  'signed by nobody, 8,000 characters long': (mark) => forged(mark, {}, { extra: 'x'.repeat(5500) }),
  'of another issuer': (mark) => forged(mark, {}, { iss: `https://${mark}.example` }),
  'signed by a key that nobody knows': (mark) => forged(mark, { kid: mark }),
  'that name no key': (mark) => forged(mark, { kid: undefined }),
  'with no algorithm': (mark) => forged(mark, { alg: 'none' }),
  'of 3,000 claims': (mark) =>
    forged(mark, {}, Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`a${String(index)}`, 1]))),
};

async function overSockets(tokens: readonly string[]): Promise<Tally> {
  const tally = createTally();
  const left = tokens.values();
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (const token of left) {
        tally.sent += 1;
        const socket = await openWebSocket(target.port);
        const closed = new Promise<void>((resolve) =>
          socket.once('close', (code, reason) => {
            tally.close(String(code));
            tally.note({ status: 200, head: '', body: `"code":"${reason.toString().split(':')[0] ?? ''}"` });
            resolve();
          }),
        );
        socket.send(
          JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
        );
        await closed;
      }
    }),
  );
  return tally;
}

function overHttp(tokens: readonly string[]): Promise<Tally> {
  return send({
    target,
    transport: 'POST',
    connections: 50,
    window: 40,
    operations: times(tokens.length, (index) => ({
      query: '{__typename}',
      headers: { authorization: `Bearer ${tokens[index] ?? ''}` },
    })),
  });
}

/** What a flood of these tokens does to somebody who has a good one. */
async function problemsOf(kind: string, over: 'POST' | 'WebSocket', mark: string): Promise<string[]> {
  const make = GARBAGE[kind] ?? String;
  const tokens = Array.from({ length: over === 'POST' ? COUNT : COUNT / 10 }, (_, index) =>
    make(`${mark}${String(index)}`),
  );
  const authorization = `Bearer ${good}`;
  bystander.start({ headers: { authorization } });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const quiet = await bystander.stop();
  const before = await target.holding();
  const logged = target.log.errors.length;
  bystander.start({ headers: { authorization } });
  const tally = await (over === 'POST' ? overHttp(tokens) : overSockets(tokens));
  const busy = await bystander.stop();
  const { cpuMs, longestTurnMs } = await target.holding(false);
  await target.untilIdle();
  const after = await target.holding();
  const [quietMs, busyMs] = [quiet, busy].map(({ ranMs }) => quantile(ranMs, 0.99));
  const p99 = `p99 ${(quietMs ?? 0).toFixed(0)} -> ${(busyMs ?? 0).toFixed(0)} ms`;
  const unhindered = `unhindered ${quantile(busy.unhinderedMs, 0.99).toFixed(0)} ms`;
  const grown = (after.retained - before.retained) / MIB;
  if (process.env['ABUSE_REPORT'] === '1')
    process.stderr.write(
      `tokens ${kind}, over ${over}\n  ${p99}; ${unhindered}; longest turn ${longestTurnMs.toFixed(0)} ms; grown by ${grown.toFixed(1)} MiB; ` +
        `cpu ${((cpuMs - before.cpuMs) / tally.sent).toFixed(2)} ms; ${describeTally(tally)}\n`,
    );
  const strange = Array.from(tally.codes.keys()).filter(
    (code) => !['UNAUTHENTICATED', 'RATE_LIMITED', 'AUTH_UNAVAILABLE'].includes(code),
  );
  return [
    ...tally.faults,
    ...strange.map((code) => `the attacker was answered ${code}`),
    ...busy.failures.slice(0, 3).map((failure) => `the bystander was answered: ${failure}`),
    ...((busyMs ?? 0) <= (quietMs ?? 0) + DELAY_MS ? [] : [p99]),
    ...(grown < 16 ? [] : [`retained: ${grown.toFixed(0)} MiB more`]),
    ...kindsOf(target.log.errors.slice(logged)),
  ];
}

describe.for(['POST', 'WebSocket'] as const)('tokens that are not accepted, over %s', (over) => {
  it.for(Object.keys(GARBAGE))('%s: others notice nothing', { timeout: 90_000 }, async (kind) => {
    // Code is compiled in the first round.
    await problemsOf(kind, over, 'a');
    expect(await problemsOf(kind, over, 'b')).toEqual([]);
  });
});
