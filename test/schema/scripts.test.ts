import { readFileSync, rmSync } from 'node:fs';
import { buildClientSchema, type IntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printSorted, readOperations } from '../../schema/tools/files.ts';
import { readManifest } from '../../src/server/graphql/persisted/manifest.ts';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { ROOT, runFile } from '../support/command.ts';

const schema = createSchema();

/** Runs a script that writes a file to `build/`. Returns the output of the script and the text of the file. */
async function build(name: string, file: string, args: readonly string[] = []) {
  const path = `${ROOT}build/${name}`;
  rmSync(path, { force: true });
  const { code, output } = await runFile(file, args);
  return { code, output, path, text: readFileSync(path, 'utf8') };
}

describe('npm run schema', () => {
  it('writes the schema as SDL and as introspection, and prints the paths', async () => {
    const { output, text: introspection } = await build('schema.json', 'schema/tools/write.ts');
    expect(output.trim().split('\n')).toEqual([`${ROOT}build/schema.graphql`, `${ROOT}build/schema.json`]);
    const text = printSorted(schema);
    expect(readFileSync(`${ROOT}build/schema.graphql`, 'utf8')).toBe(text);
    expect(printSorted(buildClientSchema(JSON.parse(introspection) as IntrospectionQuery))).toBe(text);
  });
});

describe('npm run manifest', () => {
  it('writes a manifest of every example operation that the gateway accepts', async () => {
    const tool = 'node_modules/@apollo/generate-persisted-query-manifest/cli.js';
    const config = 'schema/tools/persisted-query-manifest.config.json';
    const { code, path } = await build('persisted-operations.json', tool, ['--config', config]);
    expect(code).toBe(0);
    expect(readManifest(path, schema)).toHaveLength(readOperations().length);
  });
});

describe('npm run check:schema', () => {
  it('finds no problems', async () => {
    expect(await runFile('schema/tools/check.ts')).toMatchObject({ code: 0 });
  });
});
