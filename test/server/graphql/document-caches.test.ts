import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { createDocumentStore, createTextCache } from '../../../src/server/graphql/document-caches.ts';
import { NO_DOCUMENT } from '../../../src/server/graphql/no-document.ts';
import { documentBytes } from '../../../src/server/graphql/weight.ts';

describe('the caches of documents', () => {
  it('count the whole text of a document, and each of its tokens', () => {
    const small = documentBytes(parse('{ a }'));
    expect(documentBytes(parse(`{ a } # ${'x'.repeat(10_000)}`))).toBeGreaterThan(small + 10_000);
    expect(documentBytes(parse('{ a b }'))).toBeGreaterThan(small + 100);
  });

  it('forget the oldest documents at their bound', async () => {
    const store = createDocumentStore();
    const bytes = documentBytes(parse(`{ a } # ${'x'.repeat(60_000)}`));
    const fitting = Math.floor(BOUNDS.documents.max / bytes);
    for (let index = 0; index < 2 * fitting; index += 1) {
      await store.set(String(index), parse(`{ a } # ${'x'.repeat(60_000)}`));
    }
    expect(await store.get('0')).toBeUndefined();
    expect(await store.get(String(2 * fitting - 1))).toBeDefined();
  });

  it('count the key of a text that is shorter than it', async () => {
    const cache = createTextCache();
    const count = Math.floor(BOUNDS.registeredTexts.max / 100);
    for (let index = 0; index < count; index += 1) await cache.set(String(index), '{ a }');
    expect(await cache.get('0')).toBeUndefined();
    expect(await cache.get(String(count - 1))).toBe('{ a }');
  });

  it('never store what stands in for a document that is refused', async () => {
    const store = createDocumentStore();
    await store.set('hash', NO_DOCUMENT.document);
    expect(await store.get('hash')).toBeUndefined();
  });
});
