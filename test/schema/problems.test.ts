import { buildSchema, Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { problemsOf, type Contract } from '../../schema/tools/problems.ts';

const released = `
  type Query { packageJob(id: ID!): PackageJob }
  type PackageJob { id: ID! isFinished: Boolean! pollAfterMs: Int status: Status }
  enum Status { INIT SUCCESS }
  type Mutation { submit(input: Input!): PackageJob }
  input Input { name: String }
`;
const changelog =
  '# Changelog\n\n## 0.2.0\n\n- Nothing.\n\n## 0.1.0\n\n- Breaking: `PackageJob.name` has left.\n';

/** What is wrong with a schema, or with the one of the last release. */
function problems(sdl = released, contract: Partial<Contract> = {}): Promise<string[]> {
  return problemsOf({ schema: buildSchema(sdl), released, operations: [], changelog, ...contract });
}

/** The SDL of the last release with one text replaced, which it has to have. */
function releasedWith(text: string, other: string): string {
  expect(released).toContain(text);
  return released.replace(text, other);
}

describe('a change of the schema', () => {
  it('is none when nothing changed', async () => {
    expect(await problems()).toEqual([]);
  });

  it.for<[string, string, string, string]>([
    ['a field that has left', 'pollAfterMs: Int', '', 'PackageJob.pollAfterMs'],
    ['a field that can now be null', 'isFinished: Boolean!', 'isFinished: Boolean', 'PackageJob.isFinished'],
    ['an enum value that has left', 'INIT', '', 'Status.INIT'],
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

  it('is refused although a field that leaves was deprecated', async () => {
    const deprecated = releasedWith('pollAfterMs: Int', 'pollAfterMs: Int @deprecated(reason: "none")');
    const sdl = releasedWith('pollAfterMs: Int', '');
    expect(await problems(sdl, { released: deprecated })).toHaveLength(1);
  });

  it.for<[string, string, string]>([
    ['a field', 'pollAfterMs: Int', 'pollAfterMs: Int progress: Int'],
    ['an enum value', 'INIT', 'INIT PAUSED'],
    ['an argument that may be left out', 'packageJob(', 'packageJob(wait: Int, '],
    ['a deprecation', 'pollAfterMs: Int', 'pollAfterMs: Int @deprecated(reason: "Use `id`.")'],
    ['another description', 'type PackageJob', '"A job." type PackageJob'],
  ])('passes where it only adds or tells: %s', async ([, text, other]) => {
    expect(await problems(releasedWith(text, other))).toEqual([]);
  });

  it('passes when the first section of the CHANGELOG says that it breaks clients, and what', async () => {
    const sdl = releasedWith('pollAfterMs: Int', '');
    const told = (line: string) => problems(sdl, { changelog: `# Changelog\n\n## 0.2.0\n\n${line}\n` });
    expect(await told('- Breaking: `PackageJob.pollAfterMs` has left.')).toEqual([]);
    expect(await told('- Breaking: two have left, `PackageJob.a` and\n  `PackageJob.pollAfterMs`.')).toEqual(
      [],
    );
    expect(await told('- Breaking: `PackageJob.name` has left.')).toHaveLength(1);
    expect(await told('- `PackageJob.pollAfterMs` has left.')).toHaveLength(1);
    expect(
      await told('- Nothing.\n\n## 0.1.0\n\n- Breaking: `PackageJob.pollAfterMs` has left.'),
    ).toHaveLength(1);
  });
});

describe('an operation', () => {
  it.for<[string, string]>([
    ['asks for what is not there', '{ packageJob(id: "a") { nothing } }'],
    ['uses what is deprecated', '{ packageJob(id: "a") { id old } }'],
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
