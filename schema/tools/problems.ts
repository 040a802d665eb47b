import { CriticalityLevel, diff, validate } from '@graphql-inspector/core';
import { buildSchema, type GraphQLSchema, type Source } from 'graphql';

export interface Contract {
  readonly schema: GraphQLSchema;
  /** The SDL of the last release. */
  readonly released: string;
  readonly operations: readonly Source[];
  /** The whole CHANGELOG. */
  readonly changelog: string;
}

/**
 * What must not be merged, a line each: operations that do not fit the schema or use what is deprecated, and changes that
 * can break a client of the last release, unless the first section of the CHANGELOG has a line `- Breaking: …` that names
 * what changed in backticks, as `PackageJob.name` or `Query.packageJobs.first`.
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

/** What the lines `- Breaking: …` of the first section name. A line goes on where the next is indented. */
function declaredBreaks(changelog: string): ReadonlySet<string> {
  const [, section = ''] = changelog.split(/^## /m);
  const lines = [...section.matchAll(/^- Breaking: .*(?:\n {2}.*)*/gm)].join('\n');
  return new Set([...lines.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}
