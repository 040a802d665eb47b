import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { introspectionFromSchema, isScalarType, isSpecifiedScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { ROOT, runFile } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startGateway } from '../support/gateway.ts';
import { codeBlocks } from '../support/guide.ts';
import { rowsOf } from '../support/markdown.ts';

const schema = createSchema();

const TSCONFIG = {
  compilerOptions: {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: [],
  },
  include: ['src'],
};

/** What every client's types must say of an operation; a line that must not compile says so. */
const USES = `
export const variables: Variables = { id: 'a' };
// @ts-expect-error -- the id is required
export const none: Variables = {};
export function show({ packageJob }: Data): string {
  // @ts-expect-error -- a job may not be there
  const id: string = packageJob.id;
  const status: 'INIT' | 'SUCCESS' | 'FAIL' | 'UNKNOWN' | undefined = packageJob?.status;
  // @ts-expect-error -- it is null once the job has finished
  const ms: number | undefined = packageJob?.pollAfterMs;
  const finishTime: string | null | undefined = packageJob?.finishTime;
  // @ts-expect-error -- a scalar without a type would be anything
  const wrong: number | null | undefined = packageJob?.finishTime;
  // @ts-expect-error -- it was not asked for
  const name = packageJob?.name;
  return [id, status, ms, finishTime, wrong, name].join();
}
`;

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status pollAfterMs finishTime } }';

/** A project of these files, beside the packages of this one. */
function makeProject(files: Readonly<Record<string, string>>): string {
  const folder = makeFolder({ 'tsconfig.json': JSON.stringify(TSCONFIG), ...files });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Code generators and compilers compute for some 10 s, and for longer beside other suites, in milliseconds. */
const COMPILE_TIMEOUT_MS = 90_000;

const compile = (folder: string) => runFile('node_modules/typescript/bin/tsc', ['--project', folder], folder);

describe('types of operations', { timeout: COMPILE_TIMEOUT_MS }, () => {
  it("compile as the guide's client preset makes them from a gateway that runs, with all scalars", async () => {
    const gateway = await startGateway();
    const [config = ''] = codeBlocks('code-generation', 'ts');
    const folder = makeProject({
      'codegen.ts': config.replace("'schema.graphql'", `'${gateway.url}/graphql'`),
      'src/app.ts': `import { graphql } from './gql';
        import type { JobQuery as Data, JobQueryVariables as Variables } from './gql/graphql';
        export const JOB = graphql(\`${JOB}\`);
        ${USES}`,
    });
    const codegen = 'node_modules/@graphql-codegen/cli/esm/bin.js';
    expect(await runFile(codegen, ['--config', 'codegen.ts'], folder)).toMatchObject({ code: 0 });
    await gateway.close();
    expect(await compile(folder)).toEqual({ code: 0, output: '' });
  });

  it('has a scalar in the table of the guide for each of the schema', () => {
    const text = readFileSync(`${ROOT}docs/clients/code-generation.md`, 'utf8');
    const scalars = Object.values(schema.getTypeMap()).filter(
      (type) => isScalarType(type) && !isSpecifiedScalarType(type),
    );
    const rows = rowsOf(text, 'scalar').map(([cell = '']) => cell.replaceAll('`', ''));
    expect(rows.toSorted()).toEqual(scalars.map(({ name }) => name).toSorted());
    const [config = ''] = codeBlocks('code-generation', 'ts');
    for (const { name } of scalars) expect(config).toContain(`${name}: '`);
  });

  // Its command and its editor plugin need the JavaScript API of TypeScript 6, so `overrides` in package.json lifts the
  // plugin's peer range. Its types need neither.
  it('compile as gql.tada infers them', async () => {
    const introspection = JSON.stringify(introspectionFromSchema(schema));
    const folder = makeProject({
      'src/introspection.ts': `export const introspection = ${introspection} as const;`,
      'src/app.ts': `import { initGraphQLTada, type ResultOf, type VariablesOf } from 'gql.tada';
        import type { introspection } from './introspection.ts';
        const graphql = initGraphQLTada<{
          introspection: typeof introspection;
          scalars: { DateTime: string; URL: string; JSON: unknown };
        }>();
        export const JOB = graphql(\`${JOB}\`);
        type Data = ResultOf<typeof JOB>;
        type Variables = VariablesOf<typeof JOB>;
        ${USES}`,
    });
    expect(await compile(folder)).toEqual({ code: 0, output: '' });
  });
});
