import fc from 'fast-check';

/** What a generated operation may ask about. */
export interface Subjects {
  /** Ids of jobs in all states, and of none. */
  readonly ids: readonly string[];
  /** The id of a job that ICE refuses to tell. */
  readonly refused: string;
}

/** An operation as a client sends it, right or wrong. */
export interface GeneratedOperation {
  readonly query: string;
  /** Several sets of variables, as the same document is sent with one after the other. */
  readonly variables: readonly Record<string, unknown>[];
}

/** Every field of a job that has no fields of its own. */
export const LEAVES = [
  'id',
  '__typename',
  'name',
  'status',
  'statusRaw',
  'isFinished',
  'triggerSource',
  'outputUrl',
  'pipelineId',
  'priority',
  'code',
  'message',
  'submitTime',
  'finishTime',
  'createTime',
  'modifiedTime',
  'userData',
  'userDataJson',
  'observedAt',
  'pollAfterMs',
];
export const MEDIA_LEAVES = [
  'type',
  'media',
  'url',
  'assetId',
  'bucket',
  'objectKey',
  'fileName',
  '__typename',
];

const aliased = (names: readonly string[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...names) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('a', 'b', 'status', 'x1', 'x2', 'x3', 'x4'), fc.constantFrom(...names))
        .map((parts) => parts.join(': ')),
    },
  );
const directive = fc.oneof(
  { weight: 40, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' @include(if: $flag)', ' @skip(if: $flag)', ' @skip(if: true)') },
);
const media = fc
  .tuple(
    fc.constantFrom('inputs', 'output', 'o: output'),
    fc.array(aliased(MEDIA_LEAVES), { minLength: 1, maxLength: 5 }),
  )
  .map(([name, leaves]) => `${name} { ${leaves.join(' ')} }`);
const selections = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 60, arbitrary: aliased(LEAVES) },
        { weight: 12, arbitrary: media },
        {
          weight: 6,
          arbitrary: fc.constantFrom('...Parts', '... on PackageJob { name outputUrl }', '... { id }'),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'nothing',
            'inputs',
            'name { id }',
            'output { ... on PackageJob { id } }',
          ),
        },
      ),
      directive,
    ),
    { minLength: 1, maxLength: 9 },
  )
  .map((parts) => parts.map((part) => part.join('')).join(' '));

const page = fc.constantFrom(
  'first: 3',
  'first: 0',
  'first: 101',
  'first: $first',
  'after: "forged"',
  'first: 2, filter: { status: FAIL }',
  'filter: { createdFrom: "yesterday" }',
  'orderBy: CREATE_TIME_ASC, first: 2',
);

/** Mostly of a job that can be told. */
const idOf = ({ ids, refused }: Subjects) =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...ids) },
    { weight: 1, arbitrary: fc.constant(refused) },
  );

const root = (subjects: Subjects) => {
  const id = fc.oneof(
    { weight: 10, arbitrary: fc.constant('$id') },
    { weight: 10, arbitrary: idOf(subjects).map((id) => JSON.stringify(id)) },
    { weight: 1, arbitrary: fc.constant('7') },
  );
  const list = fc.oneof(
    fc.constant('$ids'),
    fc.array(id, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  );
  return fc
    .tuple(
      fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'), { freq: 1 }),
      fc.oneof(
        { weight: 8, arbitrary: id.map((id) => `packageJob(id: ${id})`) },
        { weight: 8, arbitrary: list.map((ids) => `packageJobsById(ids: ${ids})`) },
        { weight: 4, arbitrary: id.map((id) => `node(id: ${id})`) },
        { weight: 4, arbitrary: list.map((ids) => `nodes(ids: ${ids})`) },
        { weight: 1, arbitrary: id.map((id) => `packageJob(id: ${id}, wait: { timeoutSeconds: 99 })`) },
      ),
      selections,
      directive,
    )
    .map(([alias, field, selection, directive]) => {
      const isNode = field.startsWith('node');
      const inner = isNode ? `id ... on PackageJob { ${selection} }` : selection;
      return `${alias === null ? '' : `${alias}: `}${field}${directive} { ${inner} }`;
    });
};

const roots = (subjects: Subjects) =>
  fc.array(
    fc.oneof(
      { weight: 16, arbitrary: root(subjects) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(page, selections)
          .map(
            ([args, selection]) => `packageJobs(${args}) { nodes { ${selection} } pageInfo { hasNextPage } }`,
          ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('__typename', 'unknown', '__schema { queryType { name } }', '...'),
      },
    ),
    { minLength: 1, maxLength: 2 },
  );

const values = (subjects: Subjects) => {
  const id = idOf(subjects);
  return fc.record(
    {
      id: fc.oneof(
        { weight: 40, arbitrary: id },
        { weight: 1, arbitrary: fc.constantFrom(7, null, '', 'a b', 'x'.repeat(129)) },
      ),
      ids: fc.oneof(
        { weight: 40, arbitrary: fc.array(id, { maxLength: 6 }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(null, 'one', [null], [1], Array(101).fill('x'), Array(1001).fill('x')),
        },
      ),
      first: fc.constantFrom(2, 0, 'two'),
      flag: fc.oneof(
        { weight: 20, arbitrary: fc.boolean() },
        { weight: 1, arbitrary: fc.constantFrom(null, 'yes') },
      ),
      unused: fc.constant(1),
    },
    { requiredKeys: ['id', 'ids', 'first', 'flag'] },
  );
};

/** Declares what the body uses, mostly as it has to be. */
function declare(body: string, types: Readonly<Record<string, string>>): string {
  const used = Object.entries(types).filter(([name]) => new RegExp(`\\$${name}\\b`).test(body));
  const list = used.map(([name, type]) => `$${name}: ${type}`).join(', ');
  const parts = body.includes('...Parts')
    ? ' fragment Parts on PackageJob { priority output { media } outputUrl }'
    : '';
  return `query Q${list === '' ? '' : `(${list})`} { ${body} }${parts}`;
}

/** Operations of all kinds on these jobs; about half of them are valid. */
export function operations(subjects: Subjects): fc.Arbitrary<GeneratedOperation> {
  const idType = fc.constantFrom(
    'ID!',
    'ID!',
    'ID!',
    'ID!',
    'ID!',
    'ID!',
    'ID! = "unheard-of"',
    'ID',
    'String!',
  );
  const idsType = fc.constantFrom(
    '[ID!]!',
    '[ID!]!',
    '[ID!]!',
    '[ID!]!',
    '[ID!]!',
    '[ID!]! = ["unheard-of"]',
    '[ID]',
  );
  return fc
    .tuple(roots(subjects), idType, idsType, fc.array(values(subjects), { minLength: 2, maxLength: 2 }))
    .map(([fields, id, ids, variables]) => ({
      query: declare(fields.join(' '), { id, ids, first: 'Int', flag: 'Boolean!' }),
      variables,
    }));
}
