import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../src/server/graphql/schema.ts';

describe('createSchema', () => {
  it.for([
    ['DateTime', /^A point in time as RFC 3339 text in UTC/],
    ['URL', /^A URL as the WHATWG URL Standard parses it/],
    ['JSON', /^Any JSON value\.$/],
  ] as const)('describes %s as schema/ does, not as the library that checks it', ([name, description]) => {
    expect(createSchema().getType(name)?.description).toMatch(description);
  });
});
