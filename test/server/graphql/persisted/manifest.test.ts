import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/config.ts';
import { readManifest } from '../../../../src/server/graphql/persisted/manifest.ts';
import { createSchema } from '../../../../src/server/graphql/schema.ts';
import { makeFolder } from '../../../support/folder.ts';
import { sha256 } from '../../../support/hash.ts';
import { apolloManifest, writeManifest } from '../../../support/manifest.ts';

const schema = createSchema();
const VALID = '{ packageJob(id: "a") { id } }';

/** What is reported of a file, a line each, without its name. */
function problemsOf(path: string): string[] {
  try {
    readManifest(path, schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const prefix = `PERSISTED_OPERATIONS ${JSON.stringify(path)}: `;
    return error.message
      .split('\n  ')
      .slice(1)
      .map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : `of another file: ${line}`));
  }
  return [];
}

describe('readManifest', () => {
  it.for<[string, unknown, string]>([
    ['Apollo', apolloManifest(VALID), sha256(VALID)],
    ['Relay', { '0cc175b9c0f1b6a831c399e269772661': VALID }, '0cc175b9c0f1b6a831c399e269772661'],
  ])('reads the format of %s', ([, manifest, id]) => {
    expect(readManifest(writeManifest(manifest), schema)).toEqual([[id, VALID]]);
  });

  it('says that a file cannot be read', () => {
    const folder = makeFolder();
    expect(problemsOf(join(folder, 'none.json'))).toEqual(['cannot be read: ENOENT']);
    expect(problemsOf(folder)).toEqual(['cannot be read: EISDIR']);
  });

  it.for<[string, unknown, readonly string[]]>([
    ['no JSON', '{"a":', ['is not JSON']],
    ['a list', [], ['must be a JSON object: a manifest of Apollo or of Relay']],
    ['null', null, ['must be a JSON object: a manifest of Apollo or of Relay']],
    ['a text in place of an operation', { a: 1 }, ['operation "a": must be a text']],
    [
      'another version',
      { ...apolloManifest(VALID), version: 2 },
      ['must have the format "apollo-persisted-query-manifest", the version 1 and a list of operations'],
    ],
    [
      'an operation without a body',
      { ...apolloManifest(), operations: [{ id: 'a' }, 'b'] },
      [
        'operations[0] must have an id and a body, each a text',
        'operations[1] must have an id and a body, each a text',
      ],
    ],
    [
      'an id that is not the hash',
      { ...apolloManifest(), operations: [{ id: 'a', body: VALID }] },
      ['operation "a": the id is not the SHA-256 of its body'],
    ],
    ['what does not parse', { a: '{' }, ['operation "a": Syntax Error: Expected Name, found <EOF>.']],
    [
      'what the schema does not have, with all that is wrong',
      { a: '{ jobs }', b: VALID, c: '{ packageJob { id nothing } }' },
      [
        'operation "a": Cannot query field "jobs" on type "Query".',
        'operation "c": Cannot query field "nothing" on type "PackageJob".',
        'operation "c": Field "packageJob" argument "id" of type "ID!" is required, but it was not provided.',
      ],
    ],
    [
      'an operation that would always be refused',
      { a: `{ ${Array.from({ length: 101 }, (_, n) => `a${String(n)}: __typename`).join(' ')} }` },
      ['operation "a": The operation has 101 aliases; the limit is 100'],
    ],
    [
      'two operations of one id',
      {
        ...apolloManifest(),
        operations: [
          { id: sha256(VALID), body: VALID },
          { id: sha256(VALID), body: '{ __typename }' },
        ],
      },
      [
        `operation "${sha256(VALID)}": the id is not the SHA-256 of its body`,
        `two operations have the id "${sha256(VALID)}"`,
      ],
    ],
  ])('refuses %s', ([, manifest, problems]) => {
    const found = problemsOf(writeManifest(manifest));
    expect(found.map((line) => line.replace(/ Did you mean .*/, ''))).toEqual(problems);
  });
});
