import type { FastifyInstance } from 'fastify';
import { errorBody } from '../errors/error-body.ts';
import { DRAINING } from './checks.ts';
import type { Readiness, ReadinessProblem } from './readiness.ts';

const NO_ANSWER_YET: ReadinessProblem = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'ICE has not answered a signed call yet',
};

/** `GET /livez`: the process runs. `GET /readyz`: the gateway can serve, or why not. */
export function healthRoutes(app: FastifyInstance, readiness: Readiness, stopping: AbortSignal): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', (request, reply) => {
    if (stopping.aborted) {
      return reply.code(503).send(errorBody(request.id, DRAINING.code, DRAINING.message));
    }
    if (readiness.isReady) return { status: 'ready' };
    const { code, message, upstream } = readiness.problem ?? NO_ANSWER_YET;
    const [error] = errorBody(request.id, code, message).errors;
    const extensions = { ...error?.extensions, ...(upstream && { upstream }) };
    return reply.code(503).send({ errors: [{ message, extensions }] });
  });
}
