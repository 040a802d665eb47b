import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readArguments } from '../../src/emulator/token-command.ts';
import { ROOT } from '../support/command.ts';
import { post } from '../support/gateway.ts';
import { run, type RunningProgram } from '../support/process.ts';

const LIST = '{ packageJobs(first: 100) { nodes { id userDataJson } } }';
const SUBMIT = `mutation { submitPackageJob(input: {
  inputs: [{ type: OSS, media: "oss://b/i.mp4" }], output: { type: OSS, media: "oss://b/o.m3u8" }
}) { packageJob { userDataJson } } }`;

/** `AUTH=local npm start`: its address, and the arguments that it tells for `npm run token`. */
async function start(): Promise<{ url: string; args: string[]; program: RunningProgram }> {
  const program = run('main.ts', { AUTH: 'local', PORT: '0', METRICS_PORT: '0' });
  onTestFinished(() => program.signal('SIGKILL'));
  const [, url = ''] = await program.waitFor(/API +(http:\S+)\/graphql/);
  const [, args = ''] = await program.waitFor(/Tokens +npm run token -- (.*)\n/);
  return { url, args: args.split(' '), program };
}

/** `npm run token -- …`. A line has the token alone. */
async function token(args: readonly string[]): Promise<string> {
  const program = run('emulator/token.ts', {}, args);
  expect([await program.ended, program.output()]).toEqual([0, expect.stringMatching(TOKEN)]);
  return TOKEN.exec(program.output())?.[0] ?? '';
}

const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m;

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

describe('npm run token', () => {
  it('is the program of the script', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['token']).toBe('node src/emulator/token.ts');
  });

  it('prints a token that shows its owner’s jobs, after AUTH=local npm start', async () => {
    const { url, args } = await start();
    expect(args.slice(0, 4)).toEqual(['--owner', 'alice', '--scope', 'jobs:read']);
    expect(await post(url, { query: LIST })).toMatchObject({
      status: 401,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });

    const ofAlice = bearer(await token(args));
    const { data } = await post(url, { query: LIST }, ofAlice);
    const { nodes } = Object(data?.['packageJobs']) as {
      nodes: { id: string; userDataJson: { owner: string } }[];
    };
    expect(new Set(nodes.map(({ userDataJson: { owner } }) => owner))).toEqual(new Set(['alice']));
    expect(await post(url, { query: SUBMIT }, ofAlice)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });

    const [first = { id: '' }, second = { id: '' }] = nodes;
    const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
    const variables = { ids: [first.id, second.id] };
    const issuer = args.slice(4);
    const ofOneJob = bearer(await token(['--job', first.id, ...issuer]));
    expect((await post(url, { query, variables }, ofOneJob)).data).toEqual({
      packageJobsById: [{ id: first.id }, null],
    });
    const ofBen = bearer(await token(['--owner', 'ben', '--scope', 'jobs:read jobs:submit', ...issuer]));
    expect((await post(url, { query, variables }, ofBen)).data).toEqual({ packageJobsById: [null, null] });
    expect((await post(url, { query: SUBMIT }, ofBen)).data).toEqual({
      submitPackageJob: { packageJob: { userDataJson: { owner: 'ben' } } },
    });
  });

  it('asks the gateway that told it so, where two run', async () => {
    const gateways = await Promise.all([start(), start()]);
    const [first, second] = await Promise.all(gateways.map(({ args }) => token(args)));
    const statuses = await Promise.all(
      gateways.flatMap(({ url }) =>
        [first, second].map((text) => post(url, { query: '{ __typename }' }, bearer(text ?? ''))),
      ),
    );
    expect(statuses.map(({ status }) => status)).toEqual([200, 401, 401, 200]);
  });

  it('says what to start when nothing answers, and exits with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const issuer = `http://127.0.0.1:${String(port)}`;
    const program = run('emulator/token.ts', {}, ['--owner', 'alice', '--issuer', issuer]);
    expect(await program.ended).toBe(1);
    expect(program.output()).toBe(
      `Nothing answers at ${issuer}. Start the gateway by AUTH=local npm start first.\n`,
    );
  });

  it('explains its arguments when they are wrong, and exits with 1', async () => {
    const program = run('emulator/token.ts', {}, ['--scope', 'jobs:read']);
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/^--owner is missing: .*\n\nnpm run token -- --owner alice/);
  });

  it('explains them when asked to', async () => {
    const program = run('emulator/token.ts', {}, ['--help']);
    expect(await program.ended).toBe(0);
    expect(program.output()).toMatch(/^npm run token -- --owner alice/);
  });
});

describe('the arguments of npm run token', () => {
  it.for<[string, number]>([
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['30d', 2_592_000],
  ])('take %s for a time', ([text, seconds]) => {
    expect(readArguments(['--owner', 'a', '--expires', text])?.request.expiresInS).toBe(seconds);
  });

  it('take several jobs, and scopes in either form', () => {
    const args = ['--job', 'a', '--job', 'b', '--scope', 'jobs:read', '--scope', 'jobs:submit jobs:read'];
    expect(readArguments(args)?.request).toEqual({
      jobIds: ['a', 'b'],
      scopes: ['jobs:read', 'jobs:submit'],
      expiresInS: 3600,
    });
  });

  it.for<[string[], string | RegExp]>([
    [[], '--owner is missing'],
    [['--owner', ''], '--owner must not be empty'],
    [['alice'], /positional/],
    [['--owner'], /--owner/],
    [['--user', 'alice'], /--user/],
    [['--owner', 'a', '--scope', 'read'], '--scope must be jobs:read or jobs:submit, got "read"'],
    [['--owner', 'a', '--scope', ''], '--scope must be'],
    [['--owner', 'a', '--expires', '0'], '--expires must be a time'],
    [['--owner', 'a', '--expires', '31d'], 'up to 30d, got "31d"'],
    [['--owner', 'a', '--expires', 'soon'], '--expires must be a time'],
    [['--job', 'a b'], '--job must be'],
    [
      ['--owner', 'a', '--issuer', 'https://login.example.com'],
      '--issuer must be an address of this machine',
    ],
  ])('are refused: %j', ([args, message]) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
