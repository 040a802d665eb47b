import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/command.ts';
import { makeFolder } from './support/folder.ts';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly os?: string | readonly string[];
}

const readText = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const read = (name: string): unknown => JSON.parse(readText(name));
const { packages } = read('package-lock.json') as { packages: Record<string, LockedPackage> };
const { optionalDependencies, allowScripts } = read('package.json') as {
  optionalDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};

describe('the Node.js that scripts run on', () => {
  it('is version 24, whatever the one that npm runs on', async () => {
    expect(process.versions.node).toMatch(/^24\./);
    const { stdout } = await promisify(execFile)('npm', ['exec', '--offline', '--', 'node', '--version'], {
      cwd: ROOT,
    });
    expect(stdout).toMatch(/^v24\./);
  });

  it.for(Object.entries(optionalDependencies))('%s %s is pinned by the lock file', ([name, version]) => {
    const locked = packages[`node_modules/${name}`];
    expect(locked?.version).toBe(version);
    expect(locked?.integrity).toMatch(/^sha512-/);
    expect(locked?.os).toBeDefined();
  });

  it('is linked again where npm has removed its link', async () => {
    const [name = ''] = Object.keys(optionalDependencies);
    const program = `node_modules/${name}/bin/node`;
    const folder = makeFolder({
      'tools/link-node.js': readText('tools/link-node.js'),
      'package.json': '{ "type": "module" }',
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, bin: { node: 'bin/node' } }),
      [program]: '',
    });
    await promisify(execFile)(process.execPath, [join(folder, 'tools/link-node.js')]);
    const linked = realpathSync(join(folder, 'node_modules/.bin/node'));
    expect(linked).toBe(realpathSync(join(folder, program)));
  });

  it('needs no install script, nor does anything else', () => {
    const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(names.filter((name) => allowScripts[name] !== false)).toEqual([]);
  });
});
