import type { FastifyInstance } from 'fastify';
import { errorBody } from '../errors/error-body.ts';
import { DRAINING } from './checks.ts';
import type { Readiness, ReadinessProblem } from './readiness.ts';

const NO_ANSWER_YET: ReadinessProblem = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'ICE has not answered a signed call yet',
};

/** How it stands with other replicas at this moment. */
export interface ReplicaState {
  readonly mode: 'joined' | 'alone';
  /** Why the replica is alone. */
  readonly reason: string | undefined;
  /** Live replicas, this one counted, as last known. */
  readonly replicas: number;
}

/**
 * `GET /livez`: the process runs. `GET /readyz`: the gateway can serve, or why not. A replica that is alone can serve. It says
 * so where replicas share.
 */
export function healthRoutes(
  app: FastifyInstance,
  readiness: Readiness,
  stopping: AbortSignal,
  replicaState: ReplicaState | undefined,
): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', (request, reply) => {
    if (stopping.aborted) {
      return reply.code(503).send(errorBody(request.id, DRAINING.code, DRAINING.message));
    }
    if (readiness.isReady) return { status: 'ready', ...(replicaState && stateOf(replicaState)) };
    const { code, message, upstream } = readiness.problem ?? NO_ANSWER_YET;
    const [error] = errorBody(request.id, code, message).errors;
    const extensions = { ...error?.extensions, ...(upstream && { upstream }) };
    return reply.code(503).send({ errors: [{ message, extensions }] });
  });
}

function stateOf({ mode, reason, replicas }: ReplicaState) {
  return { replicas: { mode, ...(reason !== undefined && { reason }), live: replicas } };
}
