// `npm run check:schema`: checks that the example operations fit the schema, and that the schema breaks no client of the
// last release.
import { readFileSync } from 'node:fs';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { readOperations, RELEASED, ROOT } from './files.ts';
import { problemsOf } from './problems.ts';

const operations = readOperations();
const problems = await problemsOf({
  schema: createSchema(),
  released: readFileSync(RELEASED, 'utf8'),
  operations,
  changelog: readFileSync(new URL('CHANGELOG.md', ROOT), 'utf8'),
});
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else
  console.log(
    `${String(operations.length)} operations fit the schema, which breaks no client of the last release`,
  );
