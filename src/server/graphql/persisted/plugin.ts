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

/** The members that name the document. Apollo Server drops those that it does not know. */
function namesOf({ query, extensions, http }: GraphQLRequest): DocumentRequest {
  const sent = http?.method === 'GET' ? Object.fromEntries(new URLSearchParams(http.search)) : http?.body;
  const { documentId, doc_id } = (sent ?? {}) as DocumentRequest;
  return { query, extensions, documentId, doc_id };
}
