import { readFileSync } from 'node:fs';
import { buildClientSchema, type IntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printSorted, readOperations } from '../../schema/tools/files.ts';
import { readManifest } from '../../src/server/manifest.ts';
import { createSchema } from '../../src/server/schema.ts';
import { ROOT, runFile } from '../support/command.ts';

const schema = createSchema();
const built = (name: string) => readFileSync(`${ROOT}build/${name}`, 'utf8');

describe('npm run schema', () => {
  it('writes the schema as text and as introspection, and says where', async () => {
    const { output } = await runFile('schema/tools/write.ts');
    expect(output.trim().split('\n')).toEqual([`${ROOT}build/schema.graphql`, `${ROOT}build/schema.json`]);
    const text = printSorted(schema);
    expect(built('schema.graphql')).toBe(text);
    const introspection = JSON.parse(built('schema.json')) as IntrospectionQuery;
    expect(printSorted(buildClientSchema(introspection))).toBe(text);
  });
});

describe('npm run manifest', () => {
  it('writes a manifest of every example operation, which the gateway takes', async () => {
    const tool = 'node_modules/@apollo/generate-persisted-query-manifest/cli.js';
    const config = 'schema/tools/persisted-query-manifest.config.json';
    await runFile(tool, ['--config', config]);
    expect(readManifest(`${ROOT}build/persisted-operations.json`, schema)).toHaveLength(
      readOperations().length,
    );
  });
});

describe('npm run check:schema', () => {
  it('finds nothing wrong', async () => {
    expect(await runFile('schema/tools/check.ts')).toMatchObject({ code: 0 });
  });
});
