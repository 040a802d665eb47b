import type { FastifyBaseLogger } from 'fastify';
import type { ContractViolation } from '../ice/decode.ts';
import type { IceEmitter } from '../ice/events.ts';
import type { JobsEmitter } from '../jobs/events.ts';
import type { ServerEmitter } from '../server/events.ts';

/** The most kinds of contract violations that are logged. */
const MAX_KINDS = 1000;

/** Logs what an operator should know of: contract violations of ICE, lists that lag, faults of the gateway itself. */
export function logEvents(
  {
    ice,
    jobs,
    server,
  }: { readonly ice: IceEmitter; readonly jobs: JobsEmitter; readonly server: ServerEmitter },
  logger: FastifyBaseLogger,
): void {
  ice.on('contractViolation', logOnce(logger));
  jobs.on('listContradiction', () =>
    logger.warn('ICE listed a finished job as unfinished: lists are not trusted for now'),
  );
  const logError = (err: unknown, where: string, requestId?: string) =>
    logger.error({ err, where, ...(requestId !== undefined && { requestId }) }, 'unexpected error');
  jobs.on('unexpectedError', logError);
  server.on('unexpectedError', logError);
}

/** Logs each kind of violation once, as a member that ICE changed is in every response. */
function logOnce(logger: FastifyBaseLogger): (violation: ContractViolation) => void {
  const seen = new Set<string>();
  return (violation) => {
    const kind = `${violation.member} ${violation.kind} ${violation.text ?? ''}`;
    if (seen.has(kind) || seen.size >= MAX_KINDS) return;
    seen.add(kind);
    logger.warn(violation, 'ICE sent something it does not document');
  };
}
