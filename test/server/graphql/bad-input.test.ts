import { describe, expect } from 'vitest';
import { it } from '../../support/it.ts';

const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
const BY_PAGE =
  'query ($first: Int, $after: String, $filter: PackageJobFilter) { packageJobs(first: $first, after: $after, filter: $filter) { nodes { id } } }';
const MODERN = { accept: 'application/graphql-response+json' };
const nested = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + close.repeat(levels);

interface BadRequest {
  readonly what: string;
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly code: string;
  /** Found by the field itself, so the answer has `data` and is a 200. */
  readonly inField?: true;
  readonly message: string | RegExp;
}

const BAD_REQUESTS: readonly BadRequest[] = [
  ...[
    ['an empty id', '', /`id` must be 1 to 128 printable ASCII characters without spaces, got an empty text/],
    ['an id of 129 characters', 'x'.repeat(129), /`id` .* got 129 characters/],
    ['an id with a space', 'a b', /`id` must be 1 to 128/],
    ['an id with a line end', 'a\n', /`id` must be 1 to 128/],
    ['an id with an emoji', '🎬', /`id` must be 1 to 128/],
  ].map(([what, id, message]) => ({
    what: String(what),
    query: 'query ($id: ID!) { packageJob(id: $id) { id } }',
    variables: { id },
    code: 'BAD_USER_INPUT',
    inField: true as const,
    message: message ?? '',
  })),
  {
    what: 'null for a variable with a default',
    query: 'query ($id: ID = "x") { packageJob(id: $id) { id } }',
    variables: { id: null },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: 'Argument "id" of non-null type "ID!" must not be null.',
  },
  {
    what: '101 ids',
    query: BY_ID,
    variables: { ids: Array(101).fill('a') },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: '`ids` takes at most 100 ids, got 101',
  },
  {
    what: '101 node ids',
    query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    variables: { ids: Array(101).fill('a') },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: '`ids` takes at most 100 ids, got 101',
  },
  {
    what: 'a wrong id among right ones',
    query: BY_ID,
    variables: { ids: ['a', 'b c'] },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: /^`ids\[1\]` must be/,
  },
  {
    what: 'a list of 1,001 ids',
    query: BY_ID,
    variables: { ids: Array(1001).fill('a') },
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has a list of 1001 items; the limit is 1000',
  },
  {
    what: 'first: 0',
    query: BY_PAGE,
    variables: { first: 0 },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: '`first` must be 1 to 100, got 0',
  },
  {
    what: 'first: 101',
    query: BY_PAGE,
    variables: { first: 101 },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: '`first` must be 1 to 100, got 101',
  },
  {
    what: 'a forged cursor',
    query: BY_PAGE,
    variables: { after: 'Zm9yZ2Vk' },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: /^`after` is not a cursor of this list/,
  },
  {
    what: 'createdFrom after createdTo',
    query: BY_PAGE,
    variables: { filter: { createdFrom: '2026-01-02T00:00:00Z', createdTo: '2026-01-01T00:00:00Z' } },
    code: 'BAD_USER_INPUT',
    inField: true,
    message: '`filter.createdFrom` must not be after `filter.createdTo`',
  },
  {
    what: 'a status ICE does not list by',
    query: '{ packageJobs(filter: { status: UNKNOWN }) { nodes { id } } }',
    code: 'BAD_USER_INPUT',
    inField: true,
    message: /^`filter.status` cannot be UNKNOWN/,
  },
  {
    what: 'a time that is none',
    query: BY_PAGE,
    variables: { filter: { createdFrom: 'yesterday' } },
    code: 'BAD_USER_INPUT',
    message: /createdFrom/,
  },
  {
    what: 'a text as a number',
    query: BY_PAGE,
    variables: { first: 'ten' },
    code: 'BAD_USER_INPUT',
    message: /"ten"/,
  },
  { what: 'a missing variable', query: BY_ID, code: 'BAD_USER_INPUT', message: /"\$ids" of required type/ },
  {
    what: 'a literal of a wrong type',
    query: '{ packageJob(id: { a: 1 }) { id } }',
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /ID cannot represent/,
  },
  {
    what: 'an unknown field',
    query: '{ job { id } }',
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /Cannot query field "job"/,
  },
  { what: 'no GraphQL', query: 'select * from jobs', code: 'GRAPHQL_PARSE_FAILED', message: /Syntax Error/ },
  {
    what: 'a fragment inside itself',
    query: 'query { packageJob(id: "a") { ...F } } fragment F on PackageJob { id ...F }',
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /fragment "F" within itself/,
  },
  {
    what: 'a deep document',
    query: `{ __schema { types ${nested(20, '{ fields { type', '}}')} } }`.replace('type}', 'type { name }}'),
    code: 'OPERATION_TOO_COMPLEX',
    message: /^The operation has a depth of \d+; the limit is 16$/,
  },
  {
    what: 'a document of 600 levels',
    query: nested(600, '{ a', '}'),
    code: 'OPERATION_TOO_COMPLEX',
    message: /depth/,
  },
  {
    what: 'a document of 20,000 levels',
    query: nested(20_000, '{a', '}'),
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has more than 2000 tokens; the limit is 2000',
  },
  {
    what: 'a wide document',
    query: `{ ${'packageJob(id: "a") { id } '.repeat(1000)} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: /tokens/,
  },
  {
    what: '101 aliases',
    query: `{ ${Array.from({ length: 101 }, (_, i) => `a${String(i)}: packageJob(id: "a") { id }`).join(' ')} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has 101 aliases; the limit is 100',
  },
  {
    what: '3,000 aliases',
    query: `{ ${Array.from({ length: 3000 }, (_, i) => `a${String(i)}: __typename`).join(' ')} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: /tokens/,
  },
  {
    what: '51 directives',
    query: `{ ${'__typename @include(if: true) '.repeat(51)} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has 51 directives; the limit is 50',
  },
  {
    what: 'ten full pages with every address',
    query: `{ ${Array.from({ length: 90 }, (_, i) => `a${String(i)}: packageJobs(first: 100) { nodes { id name outputUrl } }`).join(' ')} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: /^The operation has a cost of \d+; the limit is 20000$/,
  },
  {
    what: 'more reads than one operation may cause',
    query: `{ ${Array.from({ length: 6 }, (_, i) => `a${String(i)}: packageJobsById(ids: ${JSON.stringify(Array(100).fill(String(i)))}) { id }`).join(' ')} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has 600 reads of ICE; the limit is 500',
  },
  {
    what: 'more lists than one operation may cause',
    query: `{ ${Array.from({ length: 100 }, (_, i) => `a${String(i)}: packageJobs(first: 1) { nodes { outputUrl } }`).join(' ')} }`,
    code: 'OPERATION_TOO_COMPLEX',
    message: 'The operation has 1000 reads of ICE; the limit is 500',
  },
  {
    what: 'fragments that multiply',
    query: [
      'query { packageJob(id: "a") { ...F0 } }',
      ...Array.from(
        { length: 30 },
        (_, i) => `fragment F${String(i)} on PackageJob { ...F${String(i + 1)} ...F${String(i + 1)} }`,
      ),
      'fragment F30 on PackageJob { id }',
    ].join('\n'),
    code: 'OPERATION_TOO_COMPLEX',
    message: /^The operation has 3\d{9} selections; the limit is 5000$/,
  },
];

describe('bad input', () => {
  it.for(BAD_REQUESTS)(
    'refuses $what with $code',
    async ({ query, variables, code, inField, message }, { gateway }) => {
      const legacy = await gateway.query(query, variables);
      const modern = await gateway.query(query, variables, MODERN);
      expect([legacy.status, modern.status]).toEqual([200, inField === true ? 200 : 400]);
      for (const answer of [legacy, modern]) {
        expect(answer.errors?.find(({ extensions }) => extensions['code'] === code)).toMatchObject({
          message: expect.stringMatching(message),
          extensions: { retryable: false, requestId: answer.headers.get('x-request-id') },
        });
      }
      expect(gateway.emulator.countRequests()).toBe(0);
    },
  );

  it('names the argument, or the limit and its value, in the extensions', async ({ gateway }) => {
    const inField = await gateway.query(BY_ID, { ids: ['a', ''] });
    expect(inField.errors?.[0]?.extensions).toMatchObject({ argument: 'ids[1]' });
    const tooComplex = await gateway.query(BY_ID, { ids: Array(1001).fill('a') });
    expect(tooComplex.errors?.[0]?.extensions).toMatchObject({
      limit: 'listSize',
      maximum: 1000,
      value: 1001,
    });
  });

  it('refuses an unknown operationName', async ({ gateway }) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...MODERN },
      body: JSON.stringify({ query: 'query A { __typename }', operationName: 'B' }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }],
    });
  });

  it('survives variables nested deeper than the stack', async ({ gateway }) => {
    const send = (depth: number) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"query":${JSON.stringify(BY_ID)},"variables":{"ids":${nested(depth, '[', ']')}}}`,
      });
    const response = await send(15_000);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', argument: 'variables' } }],
    });
    const refused = await send(60_000);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      errors: [{ message: expect.stringContaining('16384') as string, extensions: { code: 'BAD_REQUEST' } }],
    });
  });

  it('cuts a message that repeats a long input', async ({ gateway }) => {
    const { errors } = await gateway.query(BY_PAGE, { first: 'x'.repeat(100_000) });
    expect(errors?.[0]?.message).toHaveLength(1001);
  });
});
