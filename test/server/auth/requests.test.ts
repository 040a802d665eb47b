import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';
import { openSocket } from '../../support/socket.ts';

const QUERY = '{ packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { id } }';
const CHALLENGE = 'Bearer realm="package-job-gateway"';

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

describe('a request', () => {
  it('without a token is told so, with a challenge that has no error', async () => {
    for (const authorization of ['', 'Basic YTpi', 'Bearer']) {
      const answer = await gateway.query(QUERY, {}, authorization === '' ? {} : { authorization });
      expect(answer.status).toBe(401);
      expect(answer.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
      expect(answer.headers.get('www-authenticate')).toBe(CHALLENGE);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('with two Authorization headers is refused, even if both are good', async () => {
    const { authorization } = await issuer.bearer();
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    const raw = ['Host', new URL(gateway.url).host, 'Content-Type', 'application/json'];
    request(`${gateway.url}/graphql?query=%7B__typename%7D`, {
      headers: [...raw, 'Authorization', authorization, 'Authorization', authorization] as never,
    })
      .on('response', (response) => {
        json(response).then((body) => resolve([response.statusCode, body]), reject);
      })
      .end();
    expect(await promise).toMatchObject([400, { errors: [{ extensions: { code: 'BAD_REQUEST' } }] }]);
  });

  it('with headers over 16 KiB is refused before its token is looked at', async () => {
    const { status } = await gateway.query(QUERY, {}, { authorization: `Bearer ${'a'.repeat(16_384)}` });
    expect(status).toBe(431);
  });

  it('for something else than GraphQL needs no token', async () => {
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  });

  it('of a browser that asks whether it may send a token needs none', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  });
});

describe('a WebSocket whose token is refused', () => {
  it('is told why, by as much of it as a close frame can have', async () => {
    const claim = `https://claims.example/${'ü'.repeat(80)}`;
    const other = await startGateway({ env: { ...issuer.env, JWT_AUDIENCE_CLAIM: claim } });
    onTestFinished(() => other.close());
    const { socket, send } = await openSocket(other.url, { isSilent: true });
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    send({ type: 'connection_init', payload: await issuer.bearer() });
    const [code, reason] = await closed;
    expect(code).toBe(4403);
    expect(`UNAUTHENTICATED: The token has no claim \`${claim}\``.startsWith(reason.toString())).toBe(true);
    expect(reason.length).toBeGreaterThan(120);
  });
});
