import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runProgram } from './support/deploy-tools.ts';
import { makeFolder } from './support/folder.ts';
import { post } from './support/gateway.ts';
import { commandsOf } from './support/markdown.ts';
import { findProgram } from './support/program.ts';
import { cloneRepository, GIT } from './support/repository.ts';

const NPM = findProgram({ name: 'npm', candidates: ['npm'], install: 'apt-get install --yes npm' });

/** What makes a person who has just arrived stop and wonder. */
const SCARY = /warn|error|deprecat|vulnerab|experimental|unsupported/i;

/** Whether a line makes one wonder. That there is a newer npm is no fault of what it installs. */
const isScary = (line: string) => SCARY.test(line) && !line.startsWith('npm notice');

/** What the README says: one to install, and one to start. */
const [INSTALL = '', START = ''] = commandsOf('README.md', 'npm ci && npm start').split(' && ');
const wordsOf = (command: string) => command.replace(/^npm /, '').split(' ');

/** What these tests and the npm that runs them have set. How a machine reaches the registry is not among it. */
const OURS =
  /^(?:npm_(?!config_(?:registry|cafile|ca|cache|userconfig|globalconfig|proxy|https_proxy|noproxy)$)|NODE_(?!EXTRA)|INIT_CWD|VITEST|CI$|TEST$)/i;

const MINUTE = 60_000;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

describe.skipIf(GIT.skip)(`a copy that ${GIT.label} makes`, () => {
  it("answers after the README's one command, and says nothing scary", { timeout: 900_000 }, async () => {
    // Hundreds of packages are installed in it, which takes a while to remove.
    const folder = join(
      makeFolder({}, (remove) => onTestFinished(remove, 300_000)),
      'copy',
    );
    await cloneRepository(folder);
    // As in a person's shell: nothing of these tests' own npm, and nothing that quietens it.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
    const path = (env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
    const options = { cwd: folder, env: { ...env, PATH: path.join(':'), PORT: '0', METRICS_PORT: '0' } };

    const startedAt = performance.now();
    const installed = await runProgram(NPM.path, wordsOf(INSTALL), options);
    const installedAt = performance.now();
    const lines = `${installed.stdout}\n${installed.stderr}`.split('\n');
    expect([installed.code, lines.filter(isScary)]).toEqual([0, []]);

    const child = spawn(NPM.path, wordsOf(START), {
      ...options,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    onTestFinished(async () => {
      // npm and what it started.
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await expect.poll(() => output, { timeout: 120_000 }).toMatch(/API +http:\S+\/graphql/);
    const [, url = ''] = /API +(http:\S+)\/graphql/.exec(output) ?? [];
    const { data } = await post(url, { query: '{ packageJobs(first: 3) { nodes { id } } }' });
    const answeredAt = performance.now();
    expect(data).toMatchObject({ packageJobs: { nodes: [{}, {}, {}] } });
    expect(output.split('\n').filter(isScary)).toEqual([]);
    process.stderr.write(
      `first run: installed in ${seconds(installedAt - startedAt)}, the first answer ${seconds(answeredAt - installedAt)} later\n`,
    );
    // How fast the registry and the disk are is no matter of what is installed.
    if (answeredAt - startedAt >= MINUTE)
      process.stderr.write('NOT PROVED on this machine: that a first answer takes less than a minute\n');
  });
});
