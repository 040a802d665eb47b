import { appendFileSync, cpSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { post } from '../support/gateway.ts';
import { runAt } from '../support/process.ts';

/** A copy of what `npm run dev` watches, without built pages. */
function copySources(): string {
  const folder = makeFolder();
  for (const name of ['src', 'schema', 'web', 'tools', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, name), join(folder, name), {
      recursive: true,
      filter: (path) => path !== join(ROOT, 'web/dist'),
    });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Saves a file as many editors do: the new one takes the place of the old one. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

describe('npm run dev', () => {
  // It starts five gateways one after another, and builds the pages once.
  it('restarts for src and for schema, and rebuilds the pages', { timeout: 120_000 }, async () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['dev']).toBe('node tools/dev.ts');
    const folder = copySources();
    const dev = runAt(join(folder, 'tools/dev.ts'), { PORT: '0', METRICS_PORT: '0' });
    onTestFinished(() => dev.signal('SIGTERM'));
    /** The address of the gateway that was started as the nth. */
    const url = async (nth: number) => {
      const pattern = new RegExp(`(?:API +(http:\\S+)/graphql[^]*?){${String(nth)}}`);
      return (await dev.waitFor(pattern))[1] ?? '';
    };
    const added = async (nth: number) => {
      const { data } = await post(await url(nth), { query: '{ __type(name: "Added") { name } }' });
      return data?.['__type'];
    };
    const board = async (nth: number) => (await fetch(`${await url(nth)}/board`)).status;
    await dev.waitFor(/dev: watching/);
    expect([await added(1), await board(1)]).toEqual([null, 404]);

    const schema = join(folder, 'schema/schema.graphql');
    replace(schema, `${readFileSync(schema, 'utf8')}\nscalar Added\n`);
    expect(await added(2)).toEqual({ name: 'Added' });
    // A file is still watched after it was replaced.
    replace(schema, readFileSync(join(ROOT, 'schema/schema.graphql'), 'utf8'));
    expect([await added(3), await board(3)]).toEqual([null, 404]);

    appendFileSync(join(folder, 'web/style.css'), '\n');
    expect(await board(4)).toBe(200);
    expect(dev.output()).toContain('web: built in');

    appendFileSync(join(folder, 'src/config.ts'), '\n');
    // A gateway that answers has come to where it listens for signals.
    expect(await added(5)).toBeNull();
    dev.signal('SIGTERM');
    expect(await dev.ended).toBe(0);
    await expect(fetch(await url(5))).rejects.toThrow('fetch failed');
  });
});
