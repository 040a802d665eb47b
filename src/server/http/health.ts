import type { FastifyInstance } from 'fastify';
import { errorBody } from '../errors/error-body.ts';
import { DRAINING } from './checks.ts';
import type { Readiness } from './readiness.ts';

/** `GET /livez`: the process runs. `GET /readyz`: the gateway can serve. */
export function healthRoutes(app: FastifyInstance, readiness: Readiness, stopping: AbortSignal): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', (request, reply) => {
    if (stopping.aborted) {
      return reply.code(503).send(errorBody(request.id, DRAINING.code, DRAINING.message));
    }
    if (readiness.isReady) return { status: 'ready' };
    const problem = 'ICE has not answered a signed call yet';
    return reply.code(503).send(errorBody(request.id, 'UPSTREAM_UNAVAILABLE', problem));
  });
}
