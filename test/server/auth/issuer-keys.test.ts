import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { createSigningKey, startIssuer, type Issuer } from '../../support/issuer.ts';

const QUERY = '{ __typename }';

async function start(
  prepare: (issuer: Issuer) => void = () => undefined,
): Promise<{ issuer: Issuer; gateway: TestGateway; lines: string[] }> {
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  prepare(issuer);
  const lines: string[] = [];
  const gateway = await startGateway({ env: issuer.env, onLogLine: (line) => void lines.push(line) });
  onTestFinished(() => gateway.close());
  return { issuer, gateway, lines };
}

async function codeOf(gateway: TestGateway, headers: Record<string, string>): Promise<unknown> {
  const { errors } = await gateway.query(QUERY, {}, headers);
  return errors?.[0]?.extensions['code'] ?? 'none';
}

/** Two tokens with its key, and one with a key that it does not have. */
async function tokensOf(issuer: Issuer) {
  return {
    known: await issuer.bearer(),
    another: await issuer.bearer({ sub: 'another' }),
    unknown: { authorization: `Bearer ${await issuer.token({ header: { kid: 'unknown' } })}` },
  };
}

describe('the keys of an issuer', () => {
  it('are fetched before the first token comes, and once', async () => {
    const { issuer, gateway } = await start();
    for (let count = 0; count < 3; count += 1) {
      expect(await codeOf(gateway, await issuer.bearer({ sub: String(count) }))).toBe('none');
    }
    expect(issuer.asked).toBe(1);
  });

  it('that have changed are looked up at the first token with a new one', async () => {
    const { issuer, gateway } = await start();
    expect(await codeOf(gateway, await issuer.bearer())).toBe('none');
    const second = await createSigningKey('second');
    issuer.keys = [issuer.key, second];
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => issuer.token({ key: second, claims: { sub: String(index) } })),
    );
    const codes = await Promise.all(
      tokens.map((token) => codeOf(gateway, { authorization: `Bearer ${token}` })),
    );
    expect(new Set(codes)).toEqual(new Set(['none']));
    expect(issuer.asked).toBe(2);
  });

  it('are looked up at most once for any number of unknown ones, and known ones do not wait', async () => {
    const { issuer, gateway } = await start();
    const known = await issuer.bearer();
    expect(await codeOf(gateway, known)).toBe('none');
    const held = Promise.withResolvers<void>();
    const keySet = JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) });
    issuer.answer = (_request, response) => void held.promise.then(() => response.end(keySet));
    const unknown = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        issuer.token({ header: { kid: `unknown-${String(index)}` } }),
      ),
    );
    const answers = unknown.map((token) => codeOf(gateway, { authorization: `Bearer ${token}` }));
    // The issuer is silent, and other tokens of it are verified meanwhile, for the first time too.
    expect(await codeOf(gateway, known)).toBe('none');
    expect(await codeOf(gateway, await issuer.bearer({ sub: 'new' }))).toBe('none');
    held.resolve();
    const codes = await Promise.all(answers);
    // No more than a bound of one client wait.
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED', 'RATE_LIMITED']));
    expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBeGreaterThanOrEqual(25);
    expect(issuer.asked).toBe(2);
    expect(await codeOf(gateway, { authorization: `Bearer ${unknown[0] ?? ''}` })).toBe('UNAUTHENTICATED');
    expect(await codeOf(gateway, await issuer.bearer({ sub: 'later' }))).toBe('none');
    expect(issuer.asked).toBe(2);
  });

  it.for([
    ['answers with an error', 503, 'no'],
    ['answers with garbage', 200, '<html>'],
    ['has no keys', 200, '{"keys":[]}'],
    ['has nothing but secrets for keys', 200, '{"keys":[{"kty":"oct","k":"AAAA"}]}'],
    ['answers with more than is read', 200, `{"keys":[${' '.repeat(2 ** 20)}]}`],
  ] as const)('of one that %s make tokens AUTH_UNAVAILABLE, until it recovers', async ([, status, body]) => {
    const { issuer, gateway, lines } = await start((issuer) => {
      issuer.answer = (_request, response) => response.writeHead(status).end(body);
    });
    const headers = await issuer.bearer();
    const refused = await gateway.query(QUERY, {}, headers);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      code: 'AUTH_UNAVAILABLE',
      retryable: true,
      retryAfterMs: 1000,
    });
    expect(lines.some((line) => line.includes('no token of it can be verified'))).toBe(true);
    issuer.answer = undefined;
    await expect.poll(() => codeOf(gateway, headers), { timeout: 10_000 }).toBe('none');
  });

  it('of one that cannot be reached at the start make tokens AUTH_UNAVAILABLE, until it can be', async () => {
    const { issuer, gateway } = await start((issuer) => {
      issuer.answer = (request) => void request.socket.destroy();
    });
    const headers = await issuer.bearer();
    expect(await codeOf(gateway, headers)).toBe('AUTH_UNAVAILABLE');
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    issuer.answer = undefined;
    await expect.poll(() => codeOf(gateway, headers), { timeout: 10_000 }).toBe('none');
  });

  it('of one that answers slowly at the start are waited for, and are asked for once', async () => {
    const held = Promise.withResolvers<void>();
    const { issuer, gateway } = await start((issuer) => {
      issuer.answer = (_request, response) =>
        void held.promise.then(() => response.end(JSON.stringify({ keys: [issuer.key.jwk] })));
    });
    const bearers = await Promise.all([1, 2, 3].map((number) => issuer.bearer({ sub: String(number) })));
    const codes = Promise.all(bearers.map((headers) => codeOf(gateway, headers)));
    // Nobody else waits for it.
    expect(await codeOf(gateway, {})).toBe('UNAUTHENTICATED');
    held.resolve();
    expect(await codes).toEqual(['none', 'none', 'none']);
    expect(issuer.asked).toBe(1);
  });

  it.for([
    ['cuts connections', (request) => request.socket.destroy()],
    ['answers with garbage', (_request, response) => response.end('<html>')],
    ['answers with an error', (_request, response) => response.writeHead(503).end('no')],
    ['has no keys', (_request, response) => response.end('{"keys":[]}')],
  ] as const satisfies readonly [string, RequestListener][])(
    'stay in use while it %s',
    async ([, answer]) => {
      const { issuer, gateway, lines } = await start();
      const { known, another, unknown } = await tokensOf(issuer);
      expect(await codeOf(gateway, known)).toBe('none');
      issuer.answer = answer;
      expect(await codeOf(gateway, unknown)).toBe('UNAUTHENTICATED');
      expect(issuer.asked).toBeGreaterThanOrEqual(2);
      expect(lines.some((line) => line.includes('the present keys stay in use'))).toBe(true);
      expect([await codeOf(gateway, known), await codeOf(gateway, another)]).toEqual(['none', 'none']);
    },
  );

  it('stay in use while it hangs', async () => {
    const { issuer, gateway } = await start();
    const { known, another, unknown } = await tokensOf(issuer);
    expect(await codeOf(gateway, known)).toBe('none');
    const held: ServerResponse[] = [];
    issuer.answer = (_request, response) => void held.push(response);
    const refused = codeOf(gateway, unknown);
    await expect.poll(() => held.length).toBe(1);
    expect([await codeOf(gateway, known), await codeOf(gateway, another)]).toEqual(['none', 'none']);
    for (const response of held) response.end('<html>');
    expect(await refused).toBe('UNAUTHENTICATED');
    expect(await codeOf(gateway, known)).toBe('none');
  });

  it('are those of its discovery document alone', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const url = `${issuer.url}/`;
    const gateway = await startGateway({ env: { ...issuer.env, JWT_ISSUER: url } });
    onTestFinished(() => gateway.close());
    expect(await codeOf(gateway, await issuer.bearer({ iss: url }))).toBe('AUTH_UNAVAILABLE');
    expect(issuer.asked).toBe(0);
  });
});
