import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { postFrom, requestBytes } from '../../chaos/support/client.ts';
import { startGateway } from '../../support/gateway.ts';
import { createSigningKey, startIssuer } from '../../support/issuer.ts';
import { openSocket } from '../../support/socket.ts';
import { connectRaw } from '../support/counted-server.ts';

/** A busy machine takes its time. */
const PATIENT = { timeout: 20_000 };

const BODY = { query: '{ __typename }' };
const ATTACKER = '127.0.0.1';
const OTHER = '127.0.0.2';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** A gateway whose issuer does not tell its keys a second time until it is let. */
async function start() {
  const issuer = await startIssuer();
  const gateway = await startGateway({ env: issuer.env });
  onTestFinished(async () => {
    await gateway.close();
    await issuer.close();
  });
  const ask = (address: string, token: string) =>
    postFrom(address, gateway.url, BODY, {
      authorization: `Bearer ${token}`,
      accept: 'application/graphql-response+json',
    });
  // The keys are there once a token is accepted.
  await expect.poll(async () => (await ask(OTHER, await issuer.token())).status).toBe(200);
  const held: Parameters<RequestListener>[] = [];
  issuer.answer = (...answering) => void held.push(answering);
  const release = () => {
    issuer.answer = undefined;
    for (const [, response] of held)
      response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
  };
  return { issuer, gateway, ask, release, held };
}

describe('tokens whose key nobody knows yet', () => {
  it('wait for the keys, a quarter of them of one client. Others are told RATE_LIMITED, and nobody else is', async () => {
    const { issuer, ask, release } = await start();
    const key = await createSigningKey('second');
    const count = BOUNDS.waitingForKeysOfClient.max + 15;
    const tokens = await Promise.all(
      Array.from({ length: count }, (_, index) => issuer.token({ key, claims: { sub: String(index) } })),
    );
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    const all = tokens.map(async (token) => answers.push(await ask(ATTACKER, token)));
    await expect.poll(() => answers.length, PATIENT).toBe(15);
    const limited = { code: 'RATE_LIMITED', policy: 'waitingForKeysOfClient', retryAfterMs: 1000 };
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 429, errors: [{ extensions: limited }] });
    // Its key is known, so it waits for nothing.
    expect(await ask(OTHER, await issuer.token({ claims: { sub: 'other' } }))).toMatchObject({ status: 200 });
    const waiting = ask(OTHER, tokens[0] ?? '');
    issuer.keys = [issuer.key, key];
    release();
    expect(await waiting).toMatchObject({ status: 200 });
    await Promise.all(all);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(BOUNDS.waitingForKeysOfClient.max);
  });
});

describe('tokens whose signatures do not verify', () => {
  it('are refused unseen once there are too many. Tokens that were accepted before pass, and those of others', async () => {
    const { issuer, ask } = await start();
    const good = await issuer.token();
    expect(await ask(ATTACKER, good)).toMatchObject({ status: 200 });
    const stranger = await createSigningKey('first');
    const forged = (sub: string) => issuer.token({ key: stranger, claims: { sub } });
    const answers = new Map<number | undefined, number>();
    let last: Awaited<ReturnType<typeof ask>> | undefined;
    for (let index = 0; index < 100 * BOUNDS.forgedTokens.max && last?.status !== 429; index += 1) {
      last = await ask(ATTACKER, await forged(String(index)));
      answers.set(last.status, (answers.get(last.status) ?? 0) + 1);
    }
    expect(answers.get(401)).toBeGreaterThanOrEqual(BOUNDS.forgedTokens.max);
    const limited = { code: 'RATE_LIMITED', policy: 'forgedTokens', retryAfterMs: 1000 };
    expect(last).toMatchObject({ status: 429, errors: [{ extensions: limited }] });
    expect(await ask(ATTACKER, good)).toMatchObject({ status: 200 });
    expect(await ask(OTHER, await issuer.token({ claims: { sub: 'other' } }))).toMatchObject({ status: 200 });
  });

  it('are verified once where the same is sent again, so that one app harms none behind its address', async () => {
    const { issuer, ask } = await start();
    const stranger = await createSigningKey('first');
    const same = await issuer.token({ key: stranger });
    for (let index = 0; index < 2 * BOUNDS.forgedTokens.max; index += 1)
      expect((await ask(ATTACKER, same)).status).toBe(401);
    expect(await ask(ATTACKER, await issuer.token({ claims: { sub: 'new' } }))).toMatchObject({
      status: 200,
    });
  });
});

describe('a request whose token waits for keys', () => {
  it('is answered in its turn, though one behind it closes the connection', async () => {
    const { issuer, gateway, release, held } = await start();
    const key = await createSigningKey('second');
    const client = connectRaw(Number(new URL(gateway.url).port));
    const headers = { authorization: `Bearer ${await issuer.token({ key })}` };
    client.socket.write(requestBytes(BODY, headers));
    client.socket.write(
      'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    );
    await expect.poll(() => held.length, PATIENT).toBe(1);
    for (let round = 0; round < 3; round += 1)
      expect((await gateway.query('{ __typename }')).status).toBe(401);
    issuer.keys = [issuer.key, key];
    release();
    expect((await client.closed).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 501']);
  });
});

describe('a WebSocket that is closed while its token is verified', () => {
  it('leaves no timer behind', async () => {
    const { issuer, gateway, release, held } = await start();
    const key = await createSigningKey('second');
    const before = timers();
    const sockets = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { socket, send } = await openSocket(gateway.url, { isSilent: true });
        const token = await issuer.token({ key, claims: { sub: String(index) } });
        send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
        return socket;
      }),
    );
    await expect.poll(() => held.length, PATIENT).toBe(1);
    for (const socket of sockets) socket.terminate();
    // Whatever the gateway does of a connection that has closed, it does before it answers later ones.
    for (let round = 0; round < 5; round += 1)
      expect((await gateway.query('{ __typename }')).status).toBe(401);
    issuer.keys = [issuer.key, key];
    release();
    await expect.poll(timers, PATIENT).toBeLessThanOrEqual(before + 2);
  });
});
