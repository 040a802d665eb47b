import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { GatewayContext } from '../context.ts';
import { NO_DOCUMENT, setDocument } from '../no-document.ts';
import { findDocument, type DocumentRequest, type PersistedDocuments } from './documents.ts';

/** Replaces the id of a document by its text from the manifest, or refuses it, whatever the transport. */
export function persistedOperations(persisted: PersistedDocuments): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart({ request }) {
      try {
        const query = findDocument(namesOf(request), persisted);
        freeUnneeded(request);
        if (query !== undefined && query !== request.query) setDocument(request, query);
        return Promise.resolve();
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        setDocument(request, NO_DOCUMENT.text);
        // This is the first hook whose errors are sent to the client. Those of earlier hooks count as unexpected.
        return Promise.resolve({ didResolveOperation: () => Promise.reject(error) });
      }
    },
  };
}

/**
 * Frees what a client sent and nothing reads, as a request can wait for a minute. It changes the objects themselves, as Apollo
 * Server and the transports hold them too.
 */
function freeUnneeded({ http, extensions }: GraphQLRequest): void {
  if (http !== undefined) http.body = undefined;
  keepMembers(extensions, ['persistedQuery']);
  keepMembers(extensions?.['persistedQuery'], ['version', 'sha256Hash']);
}

function keepMembers(object: unknown, names: readonly string[]): void {
  if (typeof object !== 'object' || object === null) return;
  for (const name of Object.keys(object)) if (!names.includes(name)) Reflect.deleteProperty(object, name);
}

/** The members that name the document. Apollo Server drops those that it does not know. */
function namesOf({ query, extensions, http }: GraphQLRequest): DocumentRequest {
  const sent = http?.method === 'GET' ? Object.fromEntries(new URLSearchParams(http.search)) : http?.body;
  const { documentId, doc_id } = (sent ?? {}) as DocumentRequest;
  return { query, extensions, documentId, doc_id };
}
