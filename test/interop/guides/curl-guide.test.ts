import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { codeBlocks } from '../../support/guide.ts';
import { startIssuer } from '../../support/issuer.ts';
import { commandsOf } from '../../support/markdown.ts';
import { findProgram } from '../../support/program.ts';

const curl = findProgram({ name: 'curl', candidates: ['curl'], install: 'apt-get install --yes curl' });

const [setting = '', ...commands] = codeBlocks('curl', 'sh');

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
});
afterAll(() => gateway.close());

/** What a command prints about a job, run as it stands in the guide. */
function run(command: string, id: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const URL = `${gateway.url}/graphql`;
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], URL, ID: id, ...more };
    execFile('sh', ['-c', command], { env }, (error, output) => (error ? reject(error) : resolve(output)));
  });
}

describe.skipIf(curl.skip)(`the guide to ${curl.label}`, () => {
  it('names the address and the example job of a gateway that was just started', () => {
    expect(setting.trim().split('\n')).toEqual([
      'URL=http://127.0.0.1:4000/graphql',
      'ID=ab4802364a2e49208c99efab82dfa8e8',
    ]);
  });

  it.for(commands)('has a command that tells of a finished job: %s', async (command) => {
    const id = gateway.emulator.jobs.add({ finishTime: 0 });
    expect(await run(command, id)).toMatch(new RegExp(`"id":"${id}","status":"(SUCCESS|FAIL)"`));
  });

  it.for(commands.filter((command) => /Prefer|event-stream/.test(command)))(
    'has a command that waits for a job to finish: %s',
    async (command) => {
      const id = gateway.emulator.jobs.add({ finishTime: Infinity });
      gateway.emulator.resetRequests();
      const output = run(command, id);
      await expect.poll(() => gateway.emulator.countRequests()).toBeGreaterThan(0);
      gateway.emulator.jobs.finish(id, { status: 'Success' });
      expect(await output).toContain('"status":"SUCCESS"');
    },
  );

  it('has a page on code generation, whose command fetches the schema', async () => {
    const command = commandsOf('docs/clients/code-generation.md', 'URL=')
      .replace('http://127.0.0.1:4000', gateway.url)
      .replace('-o schema.graphql', '');
    expect(await run(command, '')).toContain('type PackageJob ');
  });

  it('has a command that sends a token', async ({ onTestFinished }) => {
    const issuer = await startIssuer();
    const asking = await startGateway({ env: issuer.env });
    onTestFinished(async () => {
      await asking.close();
      await issuer.close();
    });
    const [command = '', ...others] = commands.filter((command) => command.includes('$TOKEN'));
    expect(others).toEqual([]);
    const id = asking.emulator.jobs.add({ finishTime: 0 });
    const URL = `${asking.url}/graphql`;
    expect(await run(command, id, { URL, TOKEN: '' })).toContain('UNAUTHENTICATED');
    expect(await run(command, id, { URL, TOKEN: await issuer.token() })).toContain(`"id":"${id}"`);
  });
});
