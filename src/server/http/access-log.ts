import type { FastifyBaseLogger } from 'fastify';
import type { ServerEmitter } from '../events.ts';
import { receiptOf } from '../graphql/receipt.ts';

/** The most calls of ICE that one line lists. */
export const MAX_CALLS_LOGGED = 50;

/**
 * Writes one line for each request. Operations and failures are at `info`. Other requests, and responses of the response
 * cache, are at `debug`.
 */
export function logRequests(events: ServerEmitter, logger: FastifyBaseLogger): void {
  // It can change.
  const isDebug = () => logger.level === 'debug' || logger.level === 'trace';
  events.on('requestEnd', (request, { status, durationMs, source, isComplete, operation }) => {
    const { requestId, method, path } = request;
    // A WebSocket has log lines of its own.
    if (source === 'upgraded') return;
    // There are tens of thousands a second.
    if (source !== 'executed' && !isDebug()) return;
    const traceId = operation?.traceId ?? request.recordedTraceId;
    const trace = traceId === undefined ? {} : { traceId };
    if (source !== 'executed') {
      logger.debug({ requestId, ...trace, method, path, status }, 'answered from memory');
      return;
    }
    const level = operation === null && status < 500 ? 'debug' : 'info';
    logger[level](
      {
        requestId,
        ...trace,
        method,
        path,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        ...(operation && {
          operationName: operation.operationName,
          receipt: receiptOf(operation),
          calls: operation.calls.slice(0, MAX_CALLS_LOGGED),
        }),
      },
      isComplete ? 'answered' : 'left unanswered: the client has disconnected',
    );
  });
}
