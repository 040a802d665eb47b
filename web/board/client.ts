import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { OperationTypeNode } from 'graphql';
import { GRAPHQL_URL } from '../root.ts';
import { socket } from './socket.ts';

/**
 * All there is to set up. Queries and mutations go by HTTP, subscriptions by WebSocket, and what any of them brings
 * is kept by the job's id: a change that is pushed shows wherever the job does.
 */
export const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: GRAPHQL_URL }),
  ),
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { packageJobs: relayStylePagination(['filter']) } } },
  }),
});
