import { CriticalityLevel, diff, validate } from '@graphql-inspector/core';
import { buildSchema, type GraphQLSchema, type Source } from 'graphql';

export interface Contract {
  readonly schema: GraphQLSchema;
  /** The SDL of the last release. */
  readonly released: string;
  readonly operations: readonly Source[];
  /** The text of the CHANGELOG, with all sections. */
  readonly changelog: string;
}

/**
 * The reasons not to merge, one line each. There are two kinds:
 *
 * - an operation that does not fit the schema, or that uses a deprecated field
 * - a change that can break a client of the last release. It is allowed when the first section of the CHANGELOG has a
 *   line `- Breaking: …` that names the change in backticks, such as `PackageJob.name` or `Query.packageJobs.first`
 */
export async function problemsOf(contract: Contract): Promise<string[]> {
  return [...operationProblems(contract), ...(await changeProblems(contract))];
}

function operationProblems({ schema, operations }: Contract): string[] {
  return validate(schema, [...operations]).flatMap(({ source, errors, deprecated }) =>
    [...errors, ...deprecated].map(({ message }) => `${source.name}: ${message}`),
  );
}

async function changeProblems({ schema, released, changelog }: Contract): Promise<string[]> {
  const declared = declaredBreaks(changelog);
  const changes = await diff(buildSchema(released), schema);
  return changes
    .filter(
      ({ criticality, path }) => criticality.level === CriticalityLevel.Breaking && !declared.has(path ?? ''),
    )
    .map(({ message, path }) => `breaks clients of the last release: ${message} (\`${path ?? ''}\`)`);
}

/** The names in the lines `- Breaking: …` of the first section. An indented line continues the line before it. */
function declaredBreaks(changelog: string): ReadonlySet<string> {
  const [, section = ''] = changelog.split(/^## /m);
  const lines = [...section.matchAll(/^- Breaking: .*(?:\n {2}.*)*/gm)].join('\n');
  return new Set([...lines.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}
