import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { describe, expect, test } from 'vitest';
import { exchange } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

/** Asks for a token as `npm run token` does. */
async function ask(endpoint: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const { host } = new URL(endpoint);
  const request = { method: 'POST', path: '/_emulator/tokens', headers: { host, ...headers } };
  return exchange(endpoint, { ...request, body: JSON.stringify(body) });
}

async function read<Content>(url: string): Promise<Content> {
  return (await fetch(url)).json() as Promise<Content>;
}

interface Discovery {
  readonly issuer: string;
  readonly jwks_uri: string;
}

describe('the issuer of the emulator', () => {
  it('issues tokens that verify by its discovery document', async ({ emulator, clock }) => {
    const jobIds = ['a', 'b'];
    const scopes = ['jobs:read', 'jobs:submit'];
    const { status, json } = await ask(emulator.endpoint, { owner: 'alice', scopes, jobIds, expiresInS: 60 });
    expect(status).toBe(201);
    const { token } = json as { token: string };
    const { issuer, jwks_uri: jwksUri } = await read<Discovery>(
      `${emulator.endpoint}/.well-known/openid-configuration`,
    );
    expect(issuer).toBe(emulator.endpoint);
    const keys = await read<JSONWebKeySet>(jwksUri);
    const rules = { issuer, audience: 'package-jobs', currentDate: new Date(clock.now) };
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), rules);
    const iat = Math.floor(clock.now / 1000);
    expect(payload).toEqual({
      iss: issuer,
      aud: 'package-jobs',
      sub: 'alice',
      scope: 'jobs:read jobs:submit',
      job_ids: jobIds,
      iat,
      exp: iat + 60,
    });
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: keys.keys[0]?.kid });
  });

  it('tells the public half of its key alone', async ({ emulator }) => {
    const { keys } = await read<JSONWebKeySet>(`${emulator.endpoint}/.well-known/jwks.json`);
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ]);
  });

  it.for<[object, string]>([
    [{ scopes: ['jobs:write'] }, 'scopes[0]'],
    [{ expiresInS: 0 }, 'expiresInS'],
    [{ expiresInS: 2_592_001 }, 'expiresInS'],
    [{ jobIds: 'a' }, 'jobIds'],
    [{ sub: 'alice' }, 'sub'],
  ])('refuses %j, and names the field', async ([body, field], { emulator }) => {
    expect(await ask(emulator.endpoint, body)).toMatchObject({ status: 400, json: { field } });
  });

  it.for([{ host: 'evil.example' }, { origin: 'http://evil.example' }])(
    'gives none to a page of another site: %j',
    async (headers, { emulator }) => {
      expect(await ask(emulator.endpoint, { owner: 'alice' }, headers)).toMatchObject({ status: 403 });
    },
  );

  it('has nothing else beside its keys', async ({ emulator }) => {
    expect((await fetch(`${emulator.endpoint}/.well-known/other`)).status).toBe(404);
  });
});
