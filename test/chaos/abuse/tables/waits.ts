import { arrays } from '../support/payloads.ts';
import { times, type Row } from '../support/rows.ts';

const HELD = ['POST', 'event stream', 'WebSocket'] as const;

const WAIT = 'query($id:ID!){packageJob(id:$id,wait:{timeoutSeconds:50}){id}}';

/** A hundred waits in one operation. */
const manyWaits = (ids: readonly string[], mark: string) =>
  `query W${mark}{${ids.map((id, index) => `a${String(index)}:packageJob(id:"${id}",wait:{timeoutSeconds:50}){id}`).join(' ')}}`;

export const WAITS: readonly Row[] = [
  {
    name: 'waits that are held with 200 KB of unused variable each',
    over: HELD,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'event stream' ? 8 : 1,
        operations: times(60, (index) => ({
          query: WAIT,
          variables: `{"id":"${target.jobs.running[index] ?? ''}","unused":${arrays(200_000, `${round}${String(index)}`)}}`,
        })),
        whileHeld,
      }),
  },
  {
    name: 'waits on connections of their own, with 200 KB of unused variable each',
    over: ['POST'],
    attack: ({ send, target, round, whileHeld }) =>
      send({
        connections: 60,
        operations: times(60, (index) => ({
          query: WAIT,
          variables: `{"id":"${target.jobs.running[index] ?? ''}","unused":${arrays(200_000, `${round}${String(index)}`)}}`,
        })),
        whileHeld,
      }),
  },
  {
    name: 'waits that are held with 200 KB of extensions each',
    over: HELD,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'event stream' ? 8 : 1,
        operations: times(60, (index) => ({
          query: WAIT,
          variables: { id: target.jobs.running[index] ?? '' },
          extensions: `{"unused":${arrays(200_000, `${round}${String(index)}`)}}`,
        })),
        whileHeld,
      }),
  },
  {
    name: 'waits that are held by documents of 60 KB of comment each',
    over: HELD,
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'event stream' ? 8 : 1,
        operations: times(60, (index) => ({
          query: `${WAIT}#${`${round}${String(index)}`.padEnd(60_000, 'x')}`,
          variables: { id: target.jobs.running[index] ?? '' },
        })),
        whileHeld,
      }),
  },
  {
    name: 'a hundred waits in each of 200 operations',
    attack: ({ send, target, round, transport, whileHeld }) =>
      send({
        connections: transport === 'POST' || transport === 'GET' ? 20 : 4,
        operations: times(200, (index) => ({
          query: manyWaits(target.jobs.running, `${round}${String(index)}`),
        })),
        whileHeld,
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'a hundred jobs that a header asks to wait for, in each of 200 requests',
    over: ['POST'],
    attack: ({ send, target, whileHeld }) =>
      send({
        connections: 4,
        operations: times(200, () => ({
          query: manyWaits(target.jobs.running, 'P').replaceAll(',wait:{timeoutSeconds:50}', ''),
          headers: { prefer: 'wait=50' },
        })),
        whileHeld,
      }),
    refusal: ['RATE_LIMITED'],
  },
  {
    name: 'waits that are left at once, again and again',
    over: ['POST', 'event stream', 'WebSocket'],
    attack: async ({ send, target, round }) => {
      let tally = await send({ operations: [] });
      for (let turn = 0; turn < 10; turn += 1) {
        tally = await send({
          connections: 4,
          operations: times(40, (index) => ({
            query: WAIT,
            variables: { id: target.jobs.running[(index + turn) % 100] ?? '', mark: round },
          })),
          whileHeld: () => Promise.resolve(),
        });
      }
      return tally;
    },
  },
];
