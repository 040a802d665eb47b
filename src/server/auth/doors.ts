import { ForbiddenError } from '../../jobs/errors.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Client, View } from '../client.ts';
import { SCOPES } from './principal.ts';

/**
 * Gives each client the door to the jobs that its token lets it see, and do. Who has shown no token gets a door that is closed.
 *
 * @param open opens the door for clients with this view. It is called once for a view
 */
export function createDoors(open: (view: View) => Jobs): (client: Client) => Jobs {
  const doors = new WeakMap<View, Jobs>();
  return ({ principal }) => {
    const view = principal?.view ?? NOTHING;
    let door = doors.get(view);
    if (door === undefined) {
      door = withRights(open(view), view);
      doors.set(view, door);
    }
    return door;
  };
}

const NOTHING: View = {
  key: '',
  canRead: false,
  canSubmit: false,
  owner: undefined,
  jobIds: new Set(),
  problem: 'Nobody has shown a token',
};

type Submits = 'canSubmit' | 'submit';
/** What says nothing of a job that the caller does not have already. */
type Harmless = 'checkReads' | 'pollAfterMs' | 'isTimed' | 'lifetimeMs';

/** What a door does that shows no job. It is by exclusion, so that whatever a door learns to do is refused here too. */
const NO_READS: Omit<Jobs, Submits | Harmless> = {
  get: refuseLater(SCOPES.read),
  list: refuseLater(SCOPES.read),
  wait: refuseLater(SCOPES.read),
  watch: refuse(SCOPES.read),
  watchAll: refuse(SCOPES.read),
  peek: () => undefined,
  getFreshMany: () => undefined,
  revalidate: () => undefined,
};

const NO_SUBMITS: Pick<Jobs, Submits> = { canSubmit: false, submit: refuseLater(SCOPES.submit) };

/** Closes what a view has no right to. Operations are refused before that. This holds for whatever gets past it. */
function withRights(jobs: Jobs, view: View): Jobs {
  const canRead = view.canRead && view.problem === undefined;
  const canSubmit = view.canSubmit && view.problem === undefined && view.jobIds === undefined;
  return { ...jobs, ...(!canRead && NO_READS), ...(!canSubmit && NO_SUBMITS) };
}

function lacks(scope: string): ForbiddenError {
  return new ForbiddenError(`The token lacks the scope ${scope}`);
}

function refuse(scope: string): () => never {
  return () => {
    throw lacks(scope);
  };
}

function refuseLater(scope: string): () => Promise<never> {
  return () => Promise.reject(lacks(scope));
}
