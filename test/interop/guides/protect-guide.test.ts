import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runFile } from '../../support/command.ts';
import { startGateway, type GraphqlAnswer } from '../../support/gateway.ts';
import { codeBlocks, load, writeSources } from '../../support/guide.ts';
import { createSigningKey, startIssuer, type SigningKey } from '../../support/issuer.ts';
import { commandsOf } from '../../support/markdown.ts';

const GUIDE = '../protect';
const NAMES = '{ packageJobs { nodes { name } } }';

/** The settings of the guide, each as variables. */
const BLOCKS = [
  commandsOf('docs/protect.md', '# Auth0'),
  commandsOf('docs/protect.md', '# Keycloak'),
  commandsOf('docs/protect.md', '# Cognito'),
  commandsOf('docs/protect.md', '# Firebase'),
  commandsOf('docs/protect.md', '# Entra ID'),
  commandsOf('docs/protect.md', '# Okta'),
  commandsOf('docs/protect.md', '# One job'),
];

const variablesOf = (block: string): Record<string, string> =>
  Object.fromEntries(
    [...block.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

/** The variables of the block that begins with this comment. */
const settings = (title: string) => variablesOf(BLOCKS.find((text) => text.startsWith(`# ${title}\n`)) ?? '');

/** Serves JSON by the path, on this machine. */
async function serve(contentOf: (path: string, origin: string) => object | undefined): Promise<string> {
  const server = createServer((incoming, response) => {
    const content = contentOf(incoming.url ?? '', origin());
    response.writeHead(content === undefined ? 404 : 200).end(JSON.stringify(content ?? {}));
  });
  const origin = () => `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return origin();
}

/** A provider at the path of its issuer, with its keys at another path, and a gateway with the settings of the guide. */
async function startProvider(title: string, key: SigningKey) {
  const guide = settings(title);
  const issuerOf = (origin: string) => (guide['JWT_ISSUER'] ?? '').replace(/^https:\/\/[^/]+/, origin);
  const origin = await serve((path, origin) => {
    if (path === '/keys') return { keys: [key.jwk] };
    const discovery = `${issuerOf(origin).replace(/\/$/, '')}/.well-known/openid-configuration`;
    if (`${origin}${path}` !== discovery) return undefined;
    return { issuer: issuerOf(origin), jwks_uri: `${origin}/keys` };
  });
  const env = { ...guide, AUTH: 'jwt', JWT_ISSUER: issuerOf(origin), OWNER_FIELD: 'owner' };
  const gateway = await startGateway({ env, emulator: { seed: 'none' } });
  onTestFinished(() => gateway.close());
  gateway.emulator.jobs.add({ name: 'mine', userData: '{"owner":"alice"}', finishTime: 0 });
  gateway.emulator.jobs.add({ name: 'theirs', userData: '{"owner":"ben"}', finishTime: 0 });
  return {
    async ask(claims: object): Promise<GraphqlAnswer> {
      const now = Math.floor(Date.now() / 1000);
      const token = await new SignJWT({ iss: env.JWT_ISSUER, iat: now, exp: now + 3600, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid })
        .sign(key.privateKey);
      return gateway.query(NAMES, {}, { authorization: `Bearer ${token}` });
    },
  };
}

const MINE = { packageJobs: { nodes: [{ name: 'mine' }] } };
const CLIENT = 'ios-client-id';

/** Tokens as each provider makes them: those that show Alice’s jobs, and those that are refused, with the reason. */
const PROVIDERS: Readonly<Record<string, { good: object[]; bad: [object, string][] }>> = {
  Auth0: {
    good: [
      {
        sub: 'alice',
        aud: ['https://jobs.example.com', 'https://example.eu.auth0.com/userinfo'],
        azp: 'app',
        scope: 'openid profile jobs:read',
      },
    ],
    bad: [
      [{ sub: 'alice', aud: 'app', nonce: 'n' }, 'The token is for another audience'],
      [
        { sub: 'alice', aud: 'https://jobs.example.com', scope: 'openid', permissions: ['jobs:read'] },
        'needs a token with the scope jobs:read',
      ],
    ],
  },
  Keycloak: {
    good: [
      {
        sub: 'alice',
        aud: ['package-jobs', 'account'],
        typ: 'Bearer',
        azp: 'app',
        realm_access: { roles: ['offline_access'] },
        scope: 'profile email jobs:read',
      },
    ],
    bad: [
      [{ sub: 'alice', aud: 'account', scope: 'jobs:read' }, 'The token is for another audience'],
      [{ sub: 'alice', scope: 'jobs:read' }, 'The token has no claim `aud`'],
      [
        { sub: 'alice', aud: 'package-jobs', realm_access: { roles: ['jobs:read'] } },
        'needs a token with the scope jobs:read',
      ],
    ],
  },
  Cognito: {
    good: [
      {
        sub: 'alice',
        client_id: CLIENT,
        token_use: 'access',
        version: 2,
        username: 'alice',
        'cognito:groups': ['viewers'],
        scope: 'openid package-jobs/jobs:read',
      },
    ],
    bad: [
      [{ sub: 'alice', aud: CLIENT, token_use: 'id' }, 'The token has no claim `client_id`'],
      [
        { sub: 'alice', client_id: 'other', scope: 'package-jobs/jobs:read' },
        'The token is for another audience',
      ],
      [
        { sub: 'alice', client_id: CLIENT, scope: 'aws.cognito.signin.user.admin' },
        'needs a token with the scope jobs:read',
      ],
      [
        { sub: 'alice', client_id: CLIENT, scope: 'other/jobs:read' },
        'needs a token with the scope jobs:read',
      ],
    ],
  },
  Firebase: {
    good: [
      {
        sub: 'alice',
        user_id: 'alice',
        aud: 'example-project',
        auth_time: 1,
        firebase: { identities: {}, sign_in_provider: 'google.com' },
      },
      { sub: 'alice', aud: 'example-project', scope: 'jobs:read jobs:submit' },
    ],
    bad: [
      [{ sub: 'alice', aud: 'other-project' }, 'The token is for another audience'],
      [{ sub: 'alice', aud: 'example-project', scope: '' }, 'needs a token with the scope jobs:read'],
    ],
  },
  'Entra ID': {
    good: [
      {
        sub: 'pairwise',
        oid: 'alice',
        tid: '11111111-2222-3333-4444-555555555555',
        aud: '66666666-7777-8888-9999-000000000000',
        ver: '2.0',
        scp: 'jobs:read',
      },
    ],
    bad: [
      [
        { oid: 'alice', aud: '66666666-7777-8888-9999-000000000000', roles: ['jobs:read'] },
        'needs a token with the scope jobs:read',
      ],
      [{ oid: 'alice', aud: 'api://jobs', scp: 'jobs:read' }, 'The token is for another audience'],
    ],
  },
  Okta: {
    good: [{ sub: 'alice', aud: 'api://default', cid: 'app', uid: '0', scp: ['openid', 'jobs:read'] }],
    bad: [
      [{ sub: 'alice', aud: 'api://default', scp: ['openid'] }, 'needs a token with the scope jobs:read'],
    ],
  },
};

describe('the settings of the guide for', () => {
  it('any issuer ask for its tokens', async () => {
    const issuer = await startIssuer();
    const env = { ...variablesOf(commandsOf('docs/protect.md', 'AUTH=jwt')), JWT_ISSUER: issuer.url };
    const gateway = await startGateway({ env, emulator: { seed: 'none' } });
    onTestFinished(async () => {
      await gateway.close();
      await issuer.close();
    });
    expect((await gateway.query(NAMES)).errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    expect((await gateway.query(NAMES, {}, await issuer.bearer())).data).toEqual({
      packageJobs: { nodes: [] },
    });
  });

  it('each provider are tried here', () => {
    const titles = codeBlocks(GUIDE, 'sh').flatMap((text) => /^# (.*)\n/.exec(text)?.[1] ?? []);
    expect(titles).toEqual([...Object.keys(PROVIDERS), 'One job']);
  });

  it.for(Object.entries(PROVIDERS))(
    '%s accept its tokens, and show their bearer its jobs',
    async ([title, { good, bad }]) => {
      const provider = await startProvider(title, await createSigningKey('provider', 'RS256'));
      for (const claims of good) expect((await provider.ask(claims)).data).toEqual(MINE);
      for (const [claims, reason] of bad) {
        const { data, errors } = await provider.ask(claims);
        expect([data ?? null, errors?.[0]?.message]).toEqual([null, expect.stringContaining(reason)]);
      }
    },
  );
});

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  },
});

describe('the code of the guide for a backend', () => {
  it('compiles', async () => {
    const packageJson = JSON.stringify({ type: 'module' });
    const folder = writeSources(GUIDE, { 'tsconfig.json': TSCONFIG, 'package.json': packageJson });
    const tsc = 'node_modules/typescript/bin/tsc';
    expect(await runFile(tsc, ['--project', folder], folder)).toEqual({ code: 0, output: '' });
  });

  it('makes tokens that show one job alone, whichever way it is asked for', async () => {
    const { jobToken, jobKeys } = (await load(writeSources(GUIDE), 'job-token.ts')) as unknown as {
      jobToken: (privateKey: string, personId: string, jobId: string) => Promise<string>;
      jobKeys: (privateKey: string) => Promise<{ keys: object[] }>;
    };
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const keys = await jobKeys(privateKey);
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const origin = await serve((path) => (path === '/job-keys.json' ? keys : undefined));
    const env = { ...settings('One job'), AUTH: 'jwt', JWT_JWKS_URL: `${origin}/job-keys.json` };
    const gateway = await startGateway({ env, emulator: { seed: 'none' } });
    onTestFinished(() => gateway.close());
    const [first = '', second = ''] = ['first', 'second'].map((name) =>
      gateway.emulator.jobs.add({ name, finishTime: 0 }),
    );
    const headers = { authorization: `Bearer ${await jobToken(privateKey, 'alice', first)}` };
    const query = `query ($ids: [ID!]!) { packageJobsById(ids: $ids) { name } packageJobs { nodes { name } } }`;
    expect((await gateway.query(query, { ids: [first, second] }, headers)).data).toEqual({
      packageJobsById: [{ name: 'first' }, null],
      packageJobs: { nodes: [{ name: 'first' }] },
    });
    const submission = `mutation { submitPackageJob(input: {
      inputs: [{ type: OSS, media: "oss://b/i.mp4" }], output: { type: OSS, media: "oss://b/o.m3u8" }
    }) { packageJob { id } } }`;
    expect(await gateway.query(submission, {}, headers)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});
