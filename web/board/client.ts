import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { GRAPHQL_URL } from '../root.ts';
import { createSocket } from '../socket.ts';
import { refusalOf } from './refusal.ts';
import { authorization, demandToken } from './token.ts';

/** A connection that is half-open sends nothing, and browsers wait for it without an end. The gateway takes 10 s at most. */
const REQUEST_MS = 12_000;

/** Where all changes come from. */
export const socket = createSocket(GRAPHQL_URL, authorization);

socket.on('closed', (event) => {
  // Without a token, with one that is not accepted, and once it has ended.
  if (event instanceof CloseEvent && event.code === 4403) demandToken(event.reason.replace(/^\w+: /, ''));
});

/**
 * Queries and mutations go by HTTP, subscriptions by WebSocket. The cache has the open job. The list is no part of it: of 10,000
 * jobs the cache takes a second to show one change, and a quarter of a gigabyte.
 */
export const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    ApolloLink.from([
      new ErrorLink(({ error, operation }) => {
        const { code, message } = refusalOf(error) ?? {};
        // What was sent with another token says nothing of this one.
        const isLatest = operation.getContext()['token'] === authorization().authorization;
        if (code === 'UNAUTHENTICATED' && isLatest) demandToken(message);
      }),
      // Never a mutation: ICE would make a second job.
      new RetryLink({
        attempts: {
          max: 3,
          retryIf: (error, { operationType }) =>
            operationType === OperationTypeNode.QUERY &&
            !ServerError.is(error) &&
            error.name !== 'AbortError',
        },
      }),
      new SetContextLink(() => ({ headers: authorization(), token: authorization().authorization })),
      new HttpLink({ uri: GRAPHQL_URL, fetch: fetchInTime }),
    ]),
  ),
  cache: new InMemoryCache(),
});

function fetchInTime(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const signals = [AbortSignal.timeout(REQUEST_MS), ...(init.signal ? [init.signal] : [])];
  return fetch(input, { ...init, signal: AbortSignal.any(signals) });
}
