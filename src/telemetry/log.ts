import type { FastifyBaseLogger } from 'fastify';
import type { ContractViolation } from '../ice/decode.ts';
import type { IceEmitter } from '../ice/events.ts';
import type { JobsEmitter } from '../jobs/events.ts';
import type { ServerEmitter } from '../server/events.ts';

/** The most kinds of contract violations that are logged. */
const MAX_KINDS = 1000;

/** Logs what an operator should know of: keys, clocks, contract violations, lists that lag, faults of the gateway itself. */
export function logEvents(
  {
    ice,
    jobs,
    server,
  }: { readonly ice: IceEmitter; readonly jobs: JobsEmitter; readonly server: ServerEmitter },
  logger: FastifyBaseLogger,
): void {
  ice.on('contractViolation', logOnce(logger));
  logKeys(ice, logger);
  ice.on('clockCorrected', (differenceMs) =>
    logger.warn(
      { differenceMs },
      'the clock of this machine differs from that of ICE: calls are signed by ICE’s time',
    ),
  );
  jobs.on('listContradiction', () =>
    logger.warn('ICE listed a finished job as unfinished: lists are not trusted for now'),
  );
  const logError = (err: unknown, where: string, requestId?: string) =>
    logger.error({ err, where, ...(requestId !== undefined && { requestId }) }, 'unexpected error');
  jobs.on('unexpectedError', logError);
  server.on('unexpectedError', logError);
}

/** Tells which keys sign, and why there are no new ones. */
function logKeys(ice: IceEmitter, logger: FastifyBaseLogger): void {
  ice.on('keysFound', ({ source, id, expiresAt, isChanged }) => {
    if (!isChanged) return;
    const expires = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() };
    logger.info(
      { source, id, ...expires },
      `calls are signed with a key of: ${source}${id === '' ? '' : `, id ends with ${id}`}`,
    );
  });
  ice.on('keysFailed', ({ source, reason, hasValidKeys }) => {
    const consequence = hasValidKeys ? 'the present key stays in use' : 'there is no key';
    logger.warn({ source, reason }, `no new key of: ${source} (${reason}), ${consequence}`);
  });
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
