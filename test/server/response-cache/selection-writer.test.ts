import fc from 'fast-check';
import { assertObjectType, buildSchema, execute, Kind, parse, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import {
  prepareSelection,
  type SelectionWriter,
} from '../../../src/server/response-cache/selection-writer.ts';
import { jobWith } from '../../support/job.ts';

const EVERYTHING = `{ job {
  __typename aka: id ...Named ... on Node { id } ... { status status }
  inputs { type media } inputs { url ...Media } output { ...Media }
  isFinished priority pollAfterMs userData userDataJson submitTime outputUrl triggerSource
} }
fragment Named on PackageJob { name message ...Code }
fragment Code on PackageJob { code name }
fragment Media on MediaObject { media fileName bucket objectKey assetId __typename }`;

const CONTEXT = { pollAfterMs: () => 1000, loaders: { packageJobDetail: { load: () => fail() } } };

function fail(): never {
  throw new Error('this takes a call of ICE');
}

/** The selection of the first field of a document, prepared as one of `typeName`. */
function prepared(
  schema: GraphQLSchema,
  typeName: string,
  text: string,
): SelectionWriter<unknown> | undefined {
  const document = parse(text);
  const [operation] = document.definitions;
  const [field] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  if (field?.kind !== Kind.FIELD || field.selectionSet === undefined)
    throw new TypeError('it selects nothing');
  return prepareSelection(schema, assertObjectType(schema.getType(typeName)), field.selectionSet, document);
}

const text = fc.option(
  fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('\ud800"\\\u0007\u2028')),
);

describe('a prepared selection', () => {
  const schema = createSchema();
  const write = prepared(schema, 'PackageJob', EVERYTHING)?.write;

  it('writes a job as graphql-js does, whatever its texts are', () => {
    const document = parse(EVERYTHING.replace('{ job {', '{ job: packageJob(id: "any") {'));
    const media = fc.record({ type: fc.constantFrom('OSS', 'MEDIA', 'UNKNOWN'), media: text });
    const jobs = fc.record({
      id: fc.string({ minLength: 1 }),
      name: text,
      message: text,
      code: text,
      userData: fc.oneof(text, fc.json()),
      status: fc.constantFrom('INIT', 'SUCCESS', 'FAIL', 'UNKNOWN'),
      priority: fc.option(fc.integer({ min: 1, max: 10 })),
      triggerSource: fc.constantFrom('API', 'WORK_FLOW', null),
      submitTime: fc.constantFrom(null, '2026-01-01T00:00:00Z'),
      outputUrl: fc.constantFrom(null, 'https://a.com/b'),
      inputs: fc.array(media, { maxLength: 3 }),
      output: fc.option(media),
    });
    fc.assert(
      fc.property(jobs, (members) => {
        const job = jobWith(members);
        const contextValue = { ...CONTEXT, packageJob: () => job };
        const result = execute({ schema, document, contextValue });
        if (result instanceof Promise) throw new TypeError('it took a call of ICE');
        expect(result.errors).toBeUndefined();
        expect(write?.(job, CONTEXT)).toBe(JSON.stringify(result.data?.['job']));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves what takes a call of ICE to a route, and no promise behind', () => {
    expect(write?.(jobWith({ outputUrl: undefined }), CONTEXT)).toBeUndefined();
  });

  it('leaves a value that is an error, a promise, or missing where one must be, to a route', () => {
    const small = buildSchema('type Query { a: A } type A { text: String list: [A!] must: Int! inner: A }');
    const writer = prepared(small, 'A', '{ a { must text list { must } inner { must } } }');
    const answers = [
      { must: 1, text: null, list: [{ must: 2 }], inner: null },
      { must: null },
      { must: 1, text: new Error('no text') },
      { must: 1, text: Promise.reject(new Error('later')) },
      { must: 1, text: () => 'later' },
      { must: 1, list: [null] },
      { must: 1, list: 'none' },
      { must: 1, inner: { must: undefined } },
      { must: 1, inner: Promise.resolve({ must: 1 }) },
    ].map((value) => writer?.write(value, undefined));
    const [first, ...others] = answers;
    expect(first).toBe('{"must":1,"text":null,"list":[{"must":2}],"inner":null}');
    expect(others).toEqual(others.map(() => undefined));
  });

  it.each([
    '{ job { id @include(if: true) } }',
    '{ job { ...A } } fragment A on PackageJob { inputs { type @skip(if: false) } }',
  ])('is none of what has a directive: %s', (text) => {
    expect(prepared(schema, 'PackageJob', text)).toBeUndefined();
  });

  it('is none of too many fields', () => {
    const names = Array.from({ length: 501 }, (_, index) => `f${String(index)}: id`);
    expect(prepared(schema, 'PackageJob', `{ job { ${names.slice(1).join(' ')} } }`)?.fields).toBe(500);
    expect(prepared(schema, 'PackageJob', `{ job { ${names.join(' ')} } }`)).toBeUndefined();
  });
});
