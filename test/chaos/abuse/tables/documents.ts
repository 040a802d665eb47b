import { filler, roomOf } from '../support/payloads.ts';
import { times, type Row } from '../support/rows.ts';

const COUNT = 120;

/** A document of one field with text that no AST needs, in many spellings. Each comes twice where caches wait for that. */
export const DOCUMENTS: readonly Row[] = [
  {
    name: 'documents of one field with 60 KB of comment',
    attack: ({ send, transport, round }) =>
      send({
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `{__typename}#${filler(roomOf(transport), `${round}${String(index)}`)}`,
        })),
      }),
  },
  {
    name: 'queries of jobs with 60 KB of comment, each twice, so that they are prepared and compiled',
    over: ['POST', 'WebSocket'],
    attack: ({ send, transport, round, target }) =>
      send({
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `query Jobs($ids:[ID!]!){packageJobsById(ids:$ids){id name}}#${filler(
            roomOf(transport),
            `${round}${String(index >> 1)}`,
          )}`,
          operationName: 'Jobs',
          variables: { ids: target.jobs.finished.slice(0, 2) },
        })),
      }),
  },
  {
    name: 'operation names of 60 KB',
    attack: ({ send, transport, round }) =>
      send({
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `query ${filler(roomOf(transport), `${round}${String(index)}`)}{__typename}`,
        })),
      }),
  },
  {
    name: 'aliases of 60 KB',
    attack: ({ send, transport, round }) =>
      send({
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `{${filler(roomOf(transport), `${round}${String(index)}`)}:__typename}`,
        })),
      }),
  },
  {
    name: 'fields of 60 KB that do not exist',
    attack: ({ send, transport, round }) =>
      send({
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `{${filler(roomOf(transport), `${round}${String(index)}`)}}`,
        })),
      }),
    refusal: ['GRAPHQL_VALIDATION_FAILED'],
  },
  {
    name: 'subscriptions to a finished job with 60 KB of comment',
    over: ['event stream', 'WebSocket'],
    attack: ({ send, transport, round, target }) =>
      send({
        connections: 4,
        window: 8,
        operations: times(COUNT, (index) => ({
          query: `subscription($ids:[ID!]!){packageJobUpdated(ids:$ids){id}}#${filler(
            roomOf(transport),
            `${round}${String(index)}`,
          )}`,
          variables: { ids: target.jobs.finished.slice(0, 1) },
        })),
      }),
  },
  {
    name: 'request headers of 12 KB that select the response',
    over: ['POST', 'GET'],
    attack: ({ send, round }) =>
      send({
        connections: 4,
        window: 8,
        operations: times(1500, (index) => ({
          query: '{__typename}',
          headers: { cookie: `a=${filler(12_000, `${round}${String(index)}`)}` },
        })),
      }),
  },
];
