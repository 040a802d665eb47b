import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { GatewayContext } from './context.ts';
import { findDocument, type DocumentRequest, type PersistedDocuments } from './persisted.ts';

/** What stands in for a document that is refused. */
const NO_DOCUMENT = '{ __typename }';

/** Puts the document of the manifest in place of its id, or refuses it, whatever transport the request came by. */
export function persistedOperations(persisted: PersistedDocuments): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart({ request }) {
      try {
        const query = findDocument(namesOf(request), persisted);
        if (query !== undefined && query !== request.query) setDocument(request, query);
        return Promise.resolve();
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        setDocument(request, NO_DOCUMENT);
        // The first hook whose errors are answered; those of earlier ones would be bugs.
        return Promise.resolve({ didResolveOperation: () => Promise.reject(error) });
      }
    },
  };
}

function setDocument(request: GraphQLRequest, query: string): void {
  request.query = query;
  // Else Apollo Server would look for its hash among those that clients have registered.
  request.extensions = { ...request.extensions, persistedQuery: undefined };
}

/** Apollo Server leaves out of a request what it does not know itself. */
function namesOf({ query, extensions, http }: GraphQLRequest): DocumentRequest {
  const sent = http?.method === 'GET' ? Object.fromEntries(new URLSearchParams(http.search)) : http?.body;
  const { documentId, doc_id } = (sent ?? {}) as DocumentRequest;
  return { query, extensions, documentId, doc_id };
}
