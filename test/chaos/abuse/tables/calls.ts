import { randomUUID } from 'node:crypto';
import { times, type Row } from '../support/rows.ts';
import type { Target } from '../support/target.ts';
import type { Operation } from '../support/transports.ts';

/** How long ICE takes to answer, and the calls that may start in a second. */
const LATENCY_MS = 20;
const RATE = 200;

/** What a reader waits for at least: a call, and that its turn comes. In milliseconds. */
const CALL_MS = LATENCY_MS + 1000 / RATE;

const unknownIds = (count: number) => Array.from({ length: count }, () => randomUUID().replaceAll('-', ''));

/** Reads a job of which nothing is known yet, so that each read is a call. */
const readsOneJob = ({ emulator }: Target): string => {
  const id = emulator.jobs.add({ createTime: Date.now() - 3_600_000, finishTime: Date.now() - 3_000_000 });
  return JSON.stringify({ query: `{packageJob(id:"${id}"){id}}` });
};

/** Many reads begin at once, and beginning them takes the processor some time, on slow machines most of all. */
const SLACK_MS = 150;

/** How long the steady flood lasts, in milliseconds. */
const FLOOD_MS = 6000;

const READER: Pick<Row, 'bystander' | 'target'> = {
  bystander: {
    everyMs: 50,
    body: readsOneJob,
    quietMs: 1000,
    limitMs: (quietMs) => 1.5 * quietMs + CALL_MS + SLACK_MS,
  },
  target: {
    // An operation that waits for its turn in vain ends soon.
    env: { ICE_CALLS_PER_SECOND: String(RATE), REQUEST_TIMEOUT_MS: '3000' },
    emulator: { latencyMs: LATENCY_MS },
  },
};

/** Ever more operations. */
function* untilOver(isOver: () => boolean, make: () => Operation): Generator<Operation> {
  while (!isOver()) yield make();
}

export const CALLS: readonly Row[] = [
  {
    name: 'a hundred reads of 100 unknown ids at any time',
    over: ['POST', 'WebSocket'],
    ...READER,
    bystander: {
      everyMs: 20,
      body: readsOneJob,
      quietMs: FLOOD_MS,
      limitMs: (quietMs) => 1.5 * quietMs + CALL_MS,
    },
    attack: ({ send, transport }) => {
      const until = performance.now() + FLOOD_MS;
      const isOver = () => performance.now() > until;
      return send({
        connections: transport === 'WebSocket' ? 2 : 100,
        window: transport === 'WebSocket' ? 50 : 1,
        operations: untilOver(isOver, () => ({
          query: 'query($ids:[ID!]!){packageJobsById(ids:$ids){id}}',
          variables: { ids: unknownIds(100) },
        })),
      });
    },
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'a hundred reads of 100 unknown ids at once',
    ...READER,
    attack: ({ send, transport }) =>
      send({
        connections: transport === 'WebSocket' ? 2 : 20,
        operations: times(100, () => ({
          query: 'query($ids:[ID!]!){packageJobsById(ids:$ids){id}}',
          variables: { ids: unknownIds(100) },
        })),
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'a hundred reads of 100 unknown ids by aliases',
    over: ['POST'],
    ...READER,
    attack: ({ send }) =>
      send({
        connections: 20,
        operations: times(100, () => ({
          query: `{${unknownIds(100)
            .map((id, index) => `a${String(index)}:packageJob(id:"${id}"){id}`)
            .join(' ')}}`,
        })),
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'a hundred reads of 100 unknown nodes',
    over: ['POST'],
    ...READER,
    attack: ({ send }) =>
      send({
        connections: 20,
        operations: times(100, () => ({
          query: 'query($ids:[ID!]!){nodes(ids:$ids){id}}',
          variables: { ids: unknownIds(100) },
        })),
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'subscriptions to unknown ids',
    over: ['event stream', 'WebSocket'],
    ...READER,
    attack: ({ send }) =>
      send({
        connections: 20,
        operations: times(20, () => ({
          query: 'subscription($ids:[ID!]!){packageJobUpdated(ids:$ids){id}}',
          variables: { ids: unknownIds(100) },
        })),
      }),
  },
  {
    name: 'waits for unknown ids',
    over: ['POST'],
    ...READER,
    attack: ({ send }) =>
      send({
        connections: 20,
        operations: times(100, () => ({
          query: `{${unknownIds(50)
            .map((id, index) => `a${String(index)}:packageJob(id:"${id}",wait:{timeoutSeconds:5}){id}`)
            .join(' ')}}`,
        })),
      }),
  },
  {
    name: 'lists of which each is another',
    over: ['POST', 'WebSocket'],
    ...READER,
    bystander: {
      everyMs: 50,
      quietMs: 1000,
      limitMs: (quietMs) => 1.5 * quietMs + CALL_MS + SLACK_MS,
      body: (_target, index) =>
        JSON.stringify({
          query: `{packageJobs(first:1,filter:{createdTo:"${new Date(1e12 + 1000 * index).toISOString()}"}){nodes{id}}}`,
        }),
    },
    attack: ({ send, transport, round }) =>
      send({
        connections: transport === 'WebSocket' ? 2 : 20,
        operations: times(100, (operation) => ({
          query: `{${Array.from(
            { length: 50 },
            (_, index) =>
              `a${String(index)}:packageJobs(first:1,filter:{createdTo:"${new Date(
                (round === 'first' ? 1.1e12 : 1.2e12) + 1000 * (100 * operation + index),
              ).toISOString()}"}){nodes{id}}`,
          ).join(' ')}}`,
        })),
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'submissions',
    over: ['POST', 'WebSocket'],
    ...READER,
    attack: ({ send, transport, round }) =>
      send({
        connections: transport === 'WebSocket' ? 2 : 20,
        operations: times(300, (index) => ({
          query: 'mutation($input:SubmitPackageJobInput!){submitPackageJob(input:$input){packageJob{id}}}',
          variables: {
            input: {
              name: `${round}${String(index)}`,
              inputs: [{ type: 'OSS', media: 'oss://bucket/a.mp4' }],
              output: { type: 'OSS', media: 'oss://bucket/a.m3u8' },
            },
          },
        })),
      }),
  },
];
