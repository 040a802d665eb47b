import { expect } from 'vitest';
import { arrays, nested, rotated } from '../support/payloads.ts';
import { times, type Row } from '../support/rows.ts';
import type { Target } from '../support/target.ts';

const BY_IDS = 'subscription($ids:[ID!]!){packageJobUpdated(ids:$ids){id status}}';
const STREAMS = ['event stream', 'WebSocket'] as const;

/** A subscription to all jobs, unlike any other. */
const toAllJobs = (mark: string, fields = 'id status name') => ({
  query: `subscription S${mark}($filter:PackageJobFilter){packageJobsUpdated(filter:$filter){${fields}}}`,
  variables: { filter: { createdFrom: '2020-01-01T00:00:00Z' } },
});

/** More than one client may have. */
const MANY_TO_ALL = 250;

/** How long the feed may take for a look, in milliseconds. A busy machine takes its time. */
const PATIENCE_MS = 20_000;

/** Has jobs come and end, so that subscriptions to all jobs have something to tell. The feed sees them in between. */
async function changeJobs(target: Target, count: number): Promise<void> {
  const { emulator } = target;
  const ids = Array.from({ length: count }, () =>
    emulator.jobs.add({ createTime: Date.now(), finishTime: Infinity }),
  );
  await untilLooked(emulator);
  for (const id of ids) emulator.jobs.finish(id);
  await untilLooked(emulator);
  await target.untilIdle();
}

/** Resolves once the feed has looked from now on. The first list can have begun before, and one after it is of a job that is checked. */
async function untilLooked(emulator: Target['emulator']): Promise<void> {
  const looks = () => emulator.countRequests('ListPackageJobs');
  const before = looks();
  await expect.poll(looks, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(before + 3);
}

export const SUBSCRIPTIONS: readonly Row[] = [
  {
    name: 'subscriptions to all jobs, each with a document of its own, while 50 jobs come and end',
    over: STREAMS,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'WebSocket' ? 4 : 20,
        operations: times(MANY_TO_ALL, (index) => toAllJobs(`${round}${String(index)}`)),
        async whileHeld() {
          await changeJobs(target, 50);
          await whileHeld();
        },
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'subscriptions to all jobs that select a hundred fields, while 50 jobs come and end',
    over: ['WebSocket'],
    attack: ({ send, target, round, whileHeld }) =>
      send({
        connections: 4,
        operations: times(MANY_TO_ALL, (index) =>
          toAllJobs(
            `${round}${String(index)}`,
            Array.from({ length: 100 }, (_, alias) => `a${String(alias)}:userData`).join(' '),
          ),
        ),
        async whileHeld() {
          await changeJobs(target, 50);
          await whileHeld();
        },
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'subscriptions to all jobs that are left at once, again and again',
    over: STREAMS,
    attack: async ({ send, round, transport }) => {
      let tally = await send({ operations: [] });
      for (let turn = 0; turn < 10; turn += 1) {
        tally = await send({
          connections: transport === 'WebSocket' ? 4 : 20,
          operations: times(80, (index) => toAllJobs(`${round}${String(turn)}x${String(index)}`)),
          whileHeld: () => Promise.resolve(),
        });
      }
      return tally;
    },
  },
  {
    name: 'subscriptions to one finished job, each with another 100 KB of unused variable',
    over: STREAMS,
    attack: ({ send, target, round }) =>
      send({
        connections: 4,
        operations: times(300, (index) => ({
          query: BY_IDS,
          variables: {
            ids: target.jobs.finished.slice(0, 1),
            unused: `${round}${String(index)}`.padEnd(100_000, 'x'),
          },
        })),
      }),
  },
  {
    name: 'subscriptions to one finished job, each with another document',
    over: STREAMS,
    attack: ({ send, target, round }) =>
      send({
        connections: 4,
        operations: times(300, (index) => ({
          query: `subscription S${round}${String(index)}($ids:[ID!]!){packageJobUpdated(ids:$ids){
            ${Array.from({ length: 100 }, (_, alias) => `a${String(alias)}:id `).join('')}}}`,
          variables: { ids: target.jobs.finished.slice(0, 1) },
        })),
      }),
  },
  {
    name: 'subscriptions to 100 finished jobs, each in another order',
    over: STREAMS,
    attack: ({ send, target, round }) =>
      send({
        connections: 4,
        window: 8,
        operations: times(350, (index) => ({
          query: BY_IDS,
          variables: {
            ids: rotated(target.jobs.finished, index),
            [`${round}${String(index)}`]: 'x'.repeat(2000),
          },
        })),
      }),
  },
  {
    name: 'a variable of 32 KB of nested brackets, which overflows the stack',
    over: STREAMS,
    attack: ({ send, target }) =>
      send({
        connections: 2,
        operations: times(20, () => ({
          query: BY_IDS,
          variables: `{"ids":${JSON.stringify(target.jobs.running.slice(0, 3))},"x":${nested(16_000)}}`,
        })),
        whileHeld: () => Promise.resolve(),
      }),
  },
  {
    name: 'a variable of 32 KB of nested brackets in place of the ids',
    attack: ({ send }) =>
      send({
        connections: 2,
        operations: times(20, () => ({
          query: BY_IDS,
          variables: `{"ids":${'['.repeat(3000)}"a"${']'.repeat(3000)}}`,
        })),
      }),
    refusal: ['BAD_USER_INPUT', 'OPERATION_TOO_COMPLEX', 'BAD_REQUEST'],
  },
  {
    name: 'extensions of 100 KB of nested brackets',
    over: ['POST', 'event stream', 'WebSocket'],
    attack: ({ send }) =>
      send({
        connections: 2,
        operations: times(20, () => ({
          query: '{__typename}',
          extensions: `{"x":${nested(50_000)}}`,
        })),
      }),
  },
  {
    name: 'subscriptions that are held with 200 KB of unused variable each',
    over: STREAMS,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'WebSocket' ? 1 : 8,
        operations: times(60, (index) => ({
          query: BY_IDS,
          variables: `{"ids":["${target.jobs.running[index] ?? ''}"],"unused":${arrays(200_000, `${round}${String(index)}`)}}`,
        })),
        whileHeld,
      }),
  },
  {
    name: 'subscriptions that are held with 200 KB of extensions each',
    over: STREAMS,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'WebSocket' ? 1 : 8,
        operations: times(60, (index) => ({
          query: BY_IDS,
          variables: { ids: [target.jobs.running[index] ?? ''] },
          extensions: `{"unused":${arrays(200_000, `${round}${String(index)}`)}}`,
        })),
        whileHeld,
      }),
  },
  {
    name: 'subscriptions that are held with documents of 60 KB of comment each',
    over: STREAMS,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'WebSocket' ? 1 : 8,
        operations: times(60, (index) => ({
          query: `${BY_IDS}#${`${round}${String(index)}`.padEnd(60_000, 'x')}`,
          variables: { ids: [target.jobs.running[index] ?? ''] },
        })),
        whileHeld,
      }),
  },
  {
    name: 'a hundred thousand listeners: sockets of 100 subscriptions to 100 jobs each',
    over: ['WebSocket'],
    attack: ({ send, target, whileHeld }) =>
      send({
        connections: 10,
        operations: times(1000, (index) => ({
          query: BY_IDS,
          variables: { ids: rotated(target.jobs.running, index) },
        })),
        whileHeld,
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'event streams of 100 jobs each, as many as one may have',
    over: ['event stream'],
    attack: ({ send, target, whileHeld }) =>
      send({
        connections: 20,
        operations: times(1100, (index) => ({
          query: BY_IDS,
          variables: { ids: rotated(target.jobs.running, index) },
        })),
        whileHeld,
      }),
    refusal: ['RATE_LIMITED'],
  },
];
