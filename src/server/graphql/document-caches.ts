import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import { NO_DOCUMENT } from './no-document.ts';
import { textBytes } from '../../jobs/text.ts';
import { documentBytes } from './weight.ts';

/** What an entry takes besides its value, in bytes: its key, which has a hash, and its place in the cache. */
const ENTRY_BYTES = 400;

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;
type Cache = Exclude<ApolloServerOptions<BaseContext>['cache'], 'bounded' | undefined>;

/** The documents that passed validation, by the hash of their text. They are sized by what they keep alive. */
export function createDocumentStore(caches?: Caches): DocumentStore {
  const documents = new MeasuredCache<string, DocumentNode>({
    maxSize: BOUNDS.documents.max,
    sizeCalculation: (document) => ENTRY_BYTES + documentBytes(document),
  });
  caches?.set('documents', documents);
  return {
    get: (key) => Promise.resolve(documents.get(key)),
    set(key, document) {
      // The hash is that of a document that was refused.
      if (document !== NO_DOCUMENT.document) documents.set(key, document);
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(documents.delete(key)),
  };
}

/** The texts that clients have registered by their hash (Apollo's automatic persisted queries). */
export function createTextCache(caches?: Caches): Cache {
  const texts = new MeasuredCache<string, string>({
    maxSize: BOUNDS.registeredTexts.max,
    sizeCalculation: (text) => ENTRY_BYTES + textBytes(text),
  });
  caches?.set('registered_texts', texts);
  return {
    get: (key) => Promise.resolve(texts.get(key)),
    set(key, text) {
      texts.set(key, text);
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(texts.delete(key)),
  };
}
