import type { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  createPersistedDocuments,
  findDocument,
  type DocumentRequest,
} from '../../../../src/server/graphql/persisted/documents.ts';
import { sha256 } from '../../../support/hash.ts';

const KNOWN = '{ packageJob(id: "a") { id } }';
const OTHER = '{ __typename }';
const MD5 = '0cc175b9c0f1b6a831c399e269772661';
const apollo = (sha256Hash: unknown, version = 1) => ({
  extensions: { persistedQuery: { version, sha256Hash } },
});

/** The document found, or the code of the refusal. */
function find(request: DocumentRequest, only: boolean): unknown {
  try {
    return findDocument(request, createPersistedDocuments([[MD5, KNOWN]], only));
  } catch (error) {
    const { code, retryable } = (error as GraphQLError).extensions;
    return retryable === undefined ? code : [code, { retryable }];
  }
}

describe.for([true, false])('findDocument, with only persisted documents: %s', (only) => {
  it.for<[string, DocumentRequest]>([
    ["an id of the manifest's own as documentId", { documentId: MD5 }],
    ['its hash as documentId', { documentId: `sha256:${sha256(KNOWN)}` }],
    ['an id as doc_id, beside the null that Relay sends', { doc_id: MD5, query: null }],
    ['its hash as Apollo sends it', apollo(sha256(KNOWN))],
    ['its hash beside the empty text that graphql-ws sends', { query: '', ...apollo(sha256(KNOWN)) }],
    ['its text', { query: KNOWN }],
    ['its text and its hash', { query: KNOWN, ...apollo(sha256(KNOWN)) }],
  ])('finds a document by %s', ([, request]) => {
    expect(find(request, only)).toBe(KNOWN);
  });

  it.for<[string, DocumentRequest]>([
    ['a query beside an id', { query: KNOWN, documentId: MD5 }],
    ['an id that is no text', { documentId: 1 }],
    ['a doc_id that is no text', { doc_id: [MD5] }],
    ['a hash that is no text', apollo(1)],
    ['a hash that cannot become a text', apollo({ toString: 'a' })],
  ])('refuses %s', ([, request]) => {
    expect(find(request, only)).toBe('BAD_REQUEST');
  });

  it.for<[string, DocumentRequest]>([
    ['nothing', {}],
    ['what is not a text', { query: { kind: 'Document' } }],
    ['extensions that are none', { extensions: 'persistedQuery' }],
    ['another version', apollo(sha256(KNOWN), 2)],
  ])('leaves %s for the server to refuse', ([, request]) => {
    expect(find(request, only)).toBeUndefined();
  });
});

describe('findDocument, for a document that is not in the manifest', () => {
  it.for<[string, DocumentRequest, unknown]>([
    ['runs its text', { query: OTHER }, OTHER],
    ['leaves a hash that may be registered', apollo(sha256(OTHER)), undefined],
    ['runs what is to be registered', { query: OTHER, ...apollo(sha256(OTHER)) }, OTHER],
    ['finds no id', { documentId: 'b' }, ['PERSISTED_QUERY_NOT_FOUND', { retryable: false }]],
  ])('%s', ([, request, result]) => {
    expect(find(request, false)).toEqual(result);
  });

  it.for<[string, DocumentRequest]>([
    ['its text', { query: OTHER }],
    ['a text that differs by a space', { query: `${KNOWN} ` }],
    ['its hash', apollo(sha256(OTHER))],
    ['what is to be registered', { query: OTHER, ...apollo(sha256(OTHER)) }],
    ['a text under a known hash', { query: OTHER, ...apollo(sha256(KNOWN)) }],
    ['its id', { documentId: 'b' }],
    ['a member of every object', { documentId: 'constructor' }],
  ])('refuses %s when only the manifest runs', ([, request]) => {
    expect(find(request, true)).toBe('PERSISTED_QUERY_REQUIRED');
  });
});
