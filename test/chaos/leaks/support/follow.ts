import { followAll, statusesOf } from '../../../support/account-streams.ts';
import { askAs, plainly } from './ask-as.ts';
import { bearerOf, FIELDS, foreignIn, refusalProblem } from './checks.ts';
import type { World } from './world.ts';

/** The transports of subscriptions. */
export const STREAMS = { socket: 'WebSocket', events: 'server-sent events', multipart: 'multipart' } as const;

/** Somebody follows all jobs. */
export interface FollowStep {
  readonly bearer: number;
  readonly transport: keyof typeof STREAMS;
  /** Whether only those that have not finished, and those that finish. */
  readonly filter: boolean;
}

/** Whose jobs are added while somebody follows all jobs. The last is told of to `alice`. */
const OWNERS = ['carol', 'bob', 'alice'];

/** Subscribes to all jobs, and has some be created and end. */
export async function follow(world: World, step: FollowStep): Promise<string | undefined> {
  const bearer = bearerOf(world, step.bearer);
  const filter = step.filter ? { status: 'INIT' } : {};
  if (bearer.sees === undefined) {
    const query = `subscription ($filter: PackageJobFilter) { packageJobsUpdated(filter: $filter) ${FIELDS} }`;
    const operation = { query, variables: { filter } };
    return refusalProblem(bearer, await askAs(world, bearer, plainly(step.transport), operation));
  }
  const { url, emulator } = world.gateway;
  const open = (token: string | undefined, transport: keyof typeof STREAMS) =>
    followAll(url, STREAMS[transport], filter, FIELDS.slice(1, -1), { authorization: token ?? '' });
  const stream = await open(await world.lasting(bearer), step.transport);
  // Once she is told of a job that is as new as the others, whoever may see these is told of them too.
  const witness = await open(await world.lasting(bearerOf(world, 0)), 'socket');
  try {
    const added = OWNERS.map((owner) => world.addJob(owner));
    const visible = added.filter((job) => bearer.sees?.(job) === true);
    const tell = async (status: string) => {
      await Promise.all([
        witness.until(() => statusesOf(witness, added.at(-1)?.id ?? '').includes(status)),
        ...visible.map(({ id }) => stream.until(() => statusesOf(stream, id).includes(status))),
      ]);
    };
    await tell('INIT');
    for (const { id } of added) emulator.jobs.finish(id, { status: 'Success' });
    await tell('SUCCESS');
    // What was sent to the bearer before this has come by then.
    await askAs(world, bearer, plainly('post'), { query: '{ __typename }' });
    if (stream.events.some(({ errors }) => errors !== undefined)) return 'it is told an error';
    return foreignIn(world, bearer, JSON.stringify(stream.events));
  } finally {
    stream.leave();
    witness.leave();
  }
}
