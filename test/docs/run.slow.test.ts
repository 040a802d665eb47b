import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { makeFolder } from '../support/folder.ts';
import { post } from '../support/gateway.ts';
import { commandsOf } from '../support/markdown.ts';
import { findProgram } from '../support/program.ts';
import { freePort } from '../support/redis-server.ts';
import { runCommands } from './support/shell.ts';

const CURL = findProgram({ name: 'curl', candidates: ['curl'], install: 'apt-get install --yes curl' });
const OPENSSL = findProgram({
  name: 'openssl',
  candidates: ['openssl'],
  install: 'apt-get install --yes openssl',
});

const run = (commands: string, env: Readonly<Record<string, string>> = {}) =>
  runCommands(commands, { PORT: '0', METRICS_PORT: '0', ...env }, onTestFinished);

const LIST = { query: '{ packageJobs(first: 3) { nodes { id } } }' };

describe('the README’s commands for a real account', () => {
  it('say that all is well, and start the gateway', async () => {
    const emulator = await startEmulator({ seed: 'demo' });
    onTestFinished(() => emulator.close());
    const { accessKeyId, accessKeySecret } = emulator.credentials;
    const commands = commandsOf('README.md', 'export ALIBABA_CLOUD_ACCESS_KEY_ID')
      .replace('KEY_ID=…', `KEY_ID=${accessKeyId}`)
      .replace('KEY_SECRET=…', `KEY_SECRET=${accessKeySecret}`);
    const shell = run(commands, { ICE_ENDPOINT: emulator.endpoint });
    const [, url = ''] = await shell.waitFor(/API +(http:\S+)\/graphql/);
    expect(shell.output()).toMatch(/GetPackageJob[\s\S]*API /);
    expect(await post(url, LIST)).toMatchObject({ data: { packageJobs: { nodes: [{}, {}, {}] } } });
  });
});

describe('the commands of the page on tokens', () => {
  it('start a gateway that asks for one, and print one that it takes', async () => {
    const [start = '', token = ''] = commandsOf('docs/protect.md', 'AUTH=local npm start').split('\n');
    const gateway = run(start);
    const [, url = ''] = await gateway.waitFor(/API +(http:\S+)\/graphql/);
    // Another one can run on the machine: the gateway says where its issuer is then.
    const [, issuer = ''] = await gateway.waitFor(/Tokens +npm run token -- .*?( --issuer \S+)?\n/);
    expect((await post(url, LIST)).status).toBe(401);
    const shell = run(`${token}${issuer}`);
    expect(await shell.ended).toBe(0);
    const authorization = `Bearer ${/^eyJ\S+$/m.exec(shell.output())?.[0] ?? ''}`;
    expect(await post(url, LIST, { authorization })).toMatchObject({
      status: 200,
      data: { packageJobs: { nodes: [{}, {}, {}] } },
    });
  });
});

describe.skipIf(CURL.skip)(`the commands for logs, with ${CURL.label}`, () => {
  it('change what is logged, and back', async () => {
    const port = String(await freePort());
    const gateway = run('npm start', { METRICS_PORT: port });
    await gateway.waitFor(/API +http:/);
    const pid = /"pid":(\d+)/.exec(gateway.output())?.[1];
    const [kill = '', put = '', get = ''] = commandsOf('docs/telemetry.md', 'kill -USR2').split('\n');
    const here = (command: string) => run(command.replace('9464', port).replace('<pid>', pid ?? ''));
    const level = async () => {
      const shell = here(get);
      await shell.ended;
      return shell.output().split('\n').at(-2);
    };
    const before = await level();
    expect(await here(kill).ended).toBe(0);
    await expect.poll(level).toContain('debug');
    expect(await here(kill).ended).toBe(0);
    await expect.poll(level).toBe(before);
    expect(await here(put).ended).toBe(0);
    expect(await level()).toContain('debug');
  });
});

describe.skipIf(CURL.skip || OPENSSL.skip)(`the commands for the emulator, with ${OPENSSL.label}`, () => {
  it('add a fault, and play an account behind a proxy with a certificate of its own', async () => {
    const folder = makeFolder({}, onTestFinished);
    const [port, tlsPort] = [String(await freePort()), String(await freePort())];
    const here = (commands: string) =>
      commands.replaceAll(/\b(?:cert|key)\.pem/g, (name) => join(folder, name)).replaceAll('8791', port);
    const emulator = run(here(commandsOf('docs/accounts.md', 'openssl req')), {
      PORT: port,
      TLS_PORT: tlsPort,
    });
    await emulator.waitFor(/ICE_ENDPOINT=/);

    const doctor = run(here(commandsOf('docs/accounts.md', 'HTTPS_PROXY=')));
    expect([await doctor.ended, doctor.output()]).toEqual([0, expect.stringContaining('cn-beijing')]);

    const fault = run(here(commandsOf('docs/accounts.md', 'curl localhost:8791/_emulator/faults')));
    expect(await fault.ended).toBe(0);
    const again = run(here(commandsOf('docs/accounts.md', 'HTTPS_PROXY=')));
    expect([await again.ended, again.output()]).toEqual([1, expect.stringContaining('ice:ListPackageJobs')]);
  });
});
