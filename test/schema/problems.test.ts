import { buildSchema, Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { problemsOf, type Contract } from '../../schema/tools/problems.ts';

const RELEASED = `
  type Query { packageJob(id: ID!): PackageJob }
  type PackageJob { id: ID! isFinished: Boolean! pollAfterMs: Int status: Status }
  enum Status { INIT SUCCESS }
  type Mutation { submit(input: Input!): PackageJob }
  input Input { name: String }
`;
const CHANGELOG =
  '# Changelog\n\n## 0.2.0\n\n- Nothing.\n\n## 0.1.0\n\n- Breaking: `PackageJob.name` is removed.\n';

/** The problems of a schema. The default schema is the one of the last release. */
function problems(sdl = RELEASED, contract: Partial<Contract> = {}): Promise<string[]> {
  return problemsOf({
    schema: buildSchema(sdl),
    released: RELEASED,
    operations: [],
    changelog: CHANGELOG,
    ...contract,
  });
}

/** The SDL of the last release with `text` replaced by `other`. The SDL must contain `text`. */
function releasedWith(text: string, other: string): string {
  expect(RELEASED).toContain(text);
  return RELEASED.replace(text, other);
}

describe('a schema change', () => {
  it('is not reported when nothing changed', async () => {
    expect(await problems()).toEqual([]);
  });

  it.for<[string, string, string, string]>([
    ['a removed field', 'pollAfterMs: Int', '', 'PackageJob.pollAfterMs'],
    ['a field that can now be null', 'isFinished: Boolean!', 'isFinished: Boolean', 'PackageJob.isFinished'],
    ['a removed enum value', 'INIT', '', 'Status.INIT'],
    [
      'an argument that is now required',
      'packageJob(',
      'packageJob(tenant: ID!, ',
      'Query.packageJob.tenant',
    ],
    ['an input field that is now required', 'name: String', 'name: String!', 'Input.name'],
  ])('is refused: %s', async ([, text, other, path]) => {
    expect(await problems(releasedWith(text, other))).toEqual([
      expect.stringMatching(new RegExp(`^breaks clients of the last release: .*\\(\`${path}\`\\)$`)),
    ]);
  });

  it('is refused when the removed field was deprecated', async () => {
    const deprecated = releasedWith('pollAfterMs: Int', 'pollAfterMs: Int @deprecated(reason: "none")');
    const sdl = releasedWith('pollAfterMs: Int', '');
    expect(await problems(sdl, { released: deprecated })).toHaveLength(1);
  });

  it.for<[string, string, string]>([
    ['a field', 'pollAfterMs: Int', 'pollAfterMs: Int progress: Int'],
    ['an enum value', 'INIT', 'INIT PAUSED'],
    ['an optional argument', 'packageJob(', 'packageJob(wait: Int, '],
    ['a deprecation', 'pollAfterMs: Int', 'pollAfterMs: Int @deprecated(reason: "Use `id`.")'],
    ['another description', 'type PackageJob', '"A job." type PackageJob'],
  ])('passes when it only adds something or changes a text: %s', async ([, text, other]) => {
    expect(await problems(releasedWith(text, other))).toEqual([]);
  });

  it('passes when the first section of the CHANGELOG names it as breaking', async () => {
    const sdl = releasedWith('pollAfterMs: Int', '');
    const problemsWith = (line: string) =>
      problems(sdl, { changelog: `# Changelog\n\n## 0.2.0\n\n${line}\n` });
    expect(await problemsWith('- Breaking: `PackageJob.pollAfterMs` is removed.')).toEqual([]);
    expect(
      await problemsWith('- Breaking: two are removed, `PackageJob.a` and\n  `PackageJob.pollAfterMs`.'),
    ).toEqual([]);
    expect(await problemsWith('- Breaking: `PackageJob.name` is removed.')).toHaveLength(1);
    expect(await problemsWith('- `PackageJob.pollAfterMs` is removed.')).toHaveLength(1);
    expect(
      await problemsWith('- Nothing.\n\n## 0.1.0\n\n- Breaking: `PackageJob.pollAfterMs` is removed.'),
    ).toHaveLength(1);
  });
});

describe('an operation', () => {
  it.for<[string, string]>([
    ['selects a field that does not exist', '{ packageJob(id: "a") { nothing } }'],
    ['uses a deprecated field', '{ packageJob(id: "a") { id old } }'],
  ])('is refused when it %s', async ([, text]) => {
    const sdl = releasedWith(
      'pollAfterMs: Int',
      'pollAfterMs: Int old: Int @deprecated(reason: "Use `id`.")',
    );
    expect(await problems(sdl, { operations: [new Source(text, 'job.graphql')] })).toEqual([
      expect.stringMatching(/^job\.graphql: /),
    ]);
  });
});
