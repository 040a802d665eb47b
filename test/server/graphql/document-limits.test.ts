import {
  buildSchema,
  getIntrospectionQuery,
  OverlappingFieldsCanBeMergedRule,
  parse,
  validate,
} from 'graphql';
import { describe, expect } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { checkDocument, checkText, LIMITS } from '../../../src/server/graphql/limits.ts';
import { countMerges } from '../../../src/server/graphql/merges.ts';
import { post } from '../../support/gateway.ts';
import { it } from '../../support/it.ts';

const times = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');
const merges = (query: string): number => countMerges(parse(query), 10_000, 16);
const job = (selections: string): string => `{ packageJob(id: "a") { ${selections} } }`;

/** Documents whose cost grows with a product, by the limit that holds them. All are within the limit of tokens. */
const COSTLY: readonly { readonly what: string; readonly limit: string; readonly query: string }[] = [
  { what: 'one field 660 times', limit: 'merges', query: `{ ${'__typename '.repeat(660)} }` },
  { what: 'one field 1,990 times', limit: 'merges', query: `{ ${'__typename '.repeat(1990)} }` },
  { what: 'an object 480 times', limit: 'merges', query: job('inputs{media} '.repeat(480)) },
  { what: 'fields of a leaf 480 times', limit: 'merges', query: job('name{a} '.repeat(480)) },
  {
    what: 'a field with 220 arguments',
    limit: 'merges',
    query: `{ ${times(220, (i) => `node(id:"${String(i)}"){id}`)} }`,
  },
  { what: 'inline fragments', limit: 'merges', query: job('...{inputs{media}} '.repeat(200)) },
  {
    what: 'fragments side by side',
    limit: 'merges',
    query: `${job(times(150, (i) => `...F${String(i)}`))} ${times(150, (i) => `fragment F${String(i)} on PackageJob{inputs{media}}`)}`,
  },
  { what: 'fragments that do not exist', limit: 'merges', query: job(times(600, (i) => `...F${String(i)}`)) },
  {
    what: 'fragments that spread each other',
    limit: 'selections',
    query: `${job('...F0')} ${times(30, (i) => `fragment F${String(i)} on PackageJob{${times(25, (j) => `...F${String(j)}`)}}`)}`,
  },
  {
    what: 'pairs in pairs',
    limit: 'merges',
    query: `{ __type(name: "A") ${Array.from({ length: 7 }).reduce<string>((inner) => `{ofType ${inner} ofType ${inner}}`, '{name}')} }`,
  },
  {
    what: 'a chain of fragments',
    limit: 'fragmentDepth',
    query: `${job('...F0')} ${times(200, (i) => `fragment F${String(i)} on PackageJob{name ...F${String(i + 1)}}`)}`,
  },
  {
    what: 'a ring of fragments that no operation spreads',
    limit: 'fragmentDepth',
    query: `${job('id')} ${times(200, (i) => `fragment F${String(i)} on PackageJob{...F${String((i + 1) % 200)}}`)}`,
  },
  {
    what: 'fragments that double',
    limit: 'selections',
    query: `${job('...F0')} ${times(12, (i) => `fragment F${String(i)} on PackageJob{...F${String(i + 1)} ...F${String(i + 1)}}`)} fragment F12 on PackageJob{id}`,
  },
  { what: 'a long comment', limit: 'characters', query: `{ __typename } # ${'x'.repeat(200_000)}` },
  { what: 'a long name', limit: 'characters', query: `{ ${'x'.repeat(200_000)} }` },
  {
    what: 'empty lines',
    limit: 'lines',
    query: `{ ${'\r\n'.repeat(30_000)} ${times(150, (i) => `n${String(i)}`)} }`,
  },
];

describe('a document that costs more to check than to answer', () => {
  it.for(COSTLY)('is refused each time it comes: $what', async ({ limit, query }, { gateway }) => {
    for (let request = 1; request <= 2; request += 1) {
      const { errors } = await gateway.query(query);
      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'OPERATION_TOO_COMPLEX',
        limit,
        retryable: false,
      });
      expect(errors?.[0]?.extensions['value']).toBeGreaterThan(Number(errors?.[0]?.extensions['maximum']));
    }
  });

  it('gets no more errors than are reported of any', async ({ gateway }) => {
    const { errors } = await gateway.query(`{ ${times(600, (i) => `n${String(i)}`)} }`);
    expect(errors).toHaveLength(BOUNDS.documentErrors.max + 1);
    expect(new Set(errors?.map(({ extensions }) => extensions['code']))).toEqual(
      new Set(['GRAPHQL_VALIDATION_FAILED']),
    );
  });
});

describe('a document of a usual client', () => {
  const leaves = 'id __typename name status userData priority createTime observedAt';
  it.for([
    ['introspection', getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true })],
    [
      '32 KB of components that select what others do',
      `query Screen {\n${times(4, (i) => `  r${String(i)}: packageJob(id: "${'x'.repeat(128)}") { ${times(10, (j) => `...Part${String(10 * i + j)}`)} }\n`)}}\n${times(
        40,
        (i) =>
          `# ${'What this component shows. '.repeat(20)}\nfragment Part${String(i)} on PackageJob {\n  ${leaves.replaceAll(' ', '\n  ')}\n  output { url media }\n  ...Common\n}\n`,
      )}fragment Common on PackageJob { id status inputs { media } }`,
    ],
  ])('is within the limits: %s', ([, query]) => {
    expect(checkText(query ?? '')).toBeUndefined();
    expect(checkDocument(parse(query ?? '', { maxTokens: LIMITS.tokens }))).toBeUndefined();
  });
});

describe('the count of merges', () => {
  const schema = buildSchema('type Query { a: Query b: Query x: Int y: Int }');

  it('is of pairs of fields in one place of the response', () => {
    expect(merges('{ x y a { x } b { x } }')).toBe(0);
    expect(merges('{ x x x }')).toBe(3);
    expect(merges('{ x ... { x } ... on Query { x: y } }')).toBe(3);
    expect(merges('{ a { x } a { x } b { x } }')).toBe(2);
    expect(merges('{ a { a { x } } a { a { x } } }')).toBe(3);
  });

  it('follows fragments, even in circles', () => {
    expect(merges('{ x ...F } fragment F on Query { x }')).toBe(2);
    expect(merges('{ ...F } fragment F on Query { a { ...F } }')).toBeLessThan(20);
  });

  it('stops where the rule of graphql-js would give up', () => {
    const query = `{ ${'a{x} '.repeat(400)} }`;
    expect(merges(query)).toBeGreaterThan(10_000);
    expect(validate(schema, parse(query), [OverlappingFieldsCanBeMergedRule])).toHaveLength(0);
  });
});

describe('variables that are wrong', () => {
  const SUBMIT =
    'mutation ($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }';

  it('are told of by a few errors', async ({ gateway }) => {
    const input = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`n${String(i)}`, 1]));
    const { errors } = await gateway.query(SUBMIT, { input });
    expect(errors).toHaveLength(BOUNDS.variableErrors.max + 1);
    expect(new Set(errors?.map(({ extensions }) => extensions['code']))).toEqual(new Set(['BAD_USER_INPUT']));
  });

  it('are not looked at when there are too many', async ({ gateway }) => {
    const input = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${String(i)}`, 1]));
    const { errors } = await gateway.query(SUBMIT, { input });
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'OPERATION_TOO_COMPLEX',
      limit: 'values',
      value: 10_001,
    });
  });

  it('do not matter when no operation declares them', async ({ gateway }) => {
    const { data } = await gateway.query('{ __typename }', { deep: [[[[1]]]], long: Array(1001).fill('x') });
    expect(data).toEqual({ __typename: 'Query' });
  });

  it('beside a document that is refused leave no rejection unhandled', async ({ gateway }) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const { errors } = await post(gateway.url, {
      documentId: 'none',
      variables: { ids: Array(1001).fill('x') },
    });
    const ids = Array(1001).fill('x');
    await post(gateway.url, { query: `query ($ids: [ID!]!) { ${'x '.repeat(600)} }`, variables: { ids } });
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    expect(unhandled).toEqual([]);
  });
});
