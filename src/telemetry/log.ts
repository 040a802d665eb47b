import type { FastifyBaseLogger } from 'fastify';
import type { ContractViolation } from '../ice/decode.ts';
import type { Attempt, AttemptEnd, IceEmitter } from '../ice/events.ts';
import type { JobsEmitter } from '../jobs/events.ts';
import type { ServerEmitter } from '../server/events.ts';

/** The most kinds of contract violations that are logged, and of refusals that are remembered. */
const MAX_KINDS = 1000;

/** Logs what an operator should know of: keys, clocks, contract violations, lists that lag, faults of the gateway itself. */
export function logEvents(
  {
    ice,
    jobs,
    server,
  }: { readonly ice: IceEmitter; readonly jobs: JobsEmitter; readonly server: ServerEmitter },
  logger: FastifyBaseLogger,
  traceId: () => string | undefined = () => undefined,
): void {
  ice.on('contractViolation', logOnce(logger));
  logKeys(ice, logger);
  ice.on('attemptEnd', logRefusals(logger, traceId));
  ice.on('clockCorrected', (differenceMs) => {
    if (differenceMs === 0) logger.info({ differenceMs }, 'the clock of this machine is that of ICE again');
    else
      logger.warn(
        { differenceMs },
        'the clock of this machine differs from that of ICE, set it: calls are signed by ICE’s time',
      );
  });
  jobs.on('listContradiction', () =>
    logger.warn('ICE listed a finished job as unfinished: lists are not trusted for now'),
  );
  const violations = new Set<string>();
  jobs.on('listViolation', (violation) => {
    if (violations.has(violation)) return;
    violations.add(violation);
    logger.warn({ violation }, 'pages of a list of ICE overlap, or lead in a circle');
  });
  const logError = (err: unknown, where: string, requestId?: string) =>
    logger.error(
      { err, where, ...(requestId !== undefined && { requestId }), ...traceOf(traceId()) },
      'unexpected error',
    );
  jobs.on('unexpectedError', logError);
  server.on('unexpectedError', logError);
  logIssuers(server, logger);
  logSubmissions(server, logger, traceId);
}

/** Tells who has submitted what, for the audit. */
function logSubmissions(
  server: ServerEmitter,
  logger: FastifyBaseLogger,
  traceId: () => string | undefined,
): void {
  server.on('submissionEnd', ({ requestId, client: { key, principal } }, jobId, error) => {
    const who =
      principal === undefined
        ? { address: key }
        : { issuer: principal.issuer, subject: principal.subject, owner: principal.view.owner };
    const line = { requestId, ...traceOf(traceId()), ...who };
    if (jobId !== null) logger.info({ ...line, jobId }, 'job submitted');
    else logger.warn({ ...line, reason: reasonOf(error) }, 'no job submitted');
  });
}

/** A message could repeat what the client sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.name;
}

/** Tells whether tokens can be verified. */
function logIssuers(server: ServerEmitter, logger: FastifyBaseLogger): void {
  server.on('issuerKeys', (issuer, keys) =>
    logger.info({ issuer, keys }, 'the issuer of tokens has other keys than before'),
  );
  server.on('issuerFailure', (issuer, reason, hasKeys) => {
    const consequence = hasKeys ? 'the present keys stay in use' : 'no token of it can be verified';
    logger.warn({ issuer, reason }, `no new keys of an issuer of tokens (${reason}): ${consequence}`);
  });
}

function traceOf(traceId: string | undefined): { readonly traceId?: string } {
  return traceId === undefined ? {} : { traceId };
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

/** For how long a refusal for good is not logged again, in milliseconds. */
const REFUSAL_PAUSE_MS = 60_000;

/** Logs refusals for good, such as a right that is missing, each kind once a minute. */
function logRefusals(
  logger: FastifyBaseLogger,
  traceId: () => string | undefined,
): (attempt: Attempt, end: AttemptEnd) => void {
  const loggedAt = new Map<string, number>();
  return ({ action }, { code, error, requestId }) => {
    if (code !== 'UPSTREAM_REJECTED' || error === undefined) return;
    const kind = `${action} ${error}`;
    const now = performance.now();
    if (now - (loggedAt.get(kind) ?? -Infinity) < REFUSAL_PAUSE_MS) return;
    if (loggedAt.size >= MAX_KINDS) loggedAt.clear();
    loggedAt.set(kind, now);
    logger.warn(
      { action, code: error, upstreamRequestId: requestId, ...traceOf(traceId()) },
      `ICE refused ${action} (${error})`,
    );
  };
}

/** Logs why the collector takes no spans, once a minute. */
export function logSpanFailures(logger: FastifyBaseLogger): (reason: string) => void {
  let loggedAt = -Infinity;
  return (reason) => {
    const now = performance.now();
    if (now - loggedAt < REFUSAL_PAUSE_MS) return;
    loggedAt = now;
    logger.warn({ reason }, `traces are lost: the collector took none of a batch of spans (${reason})`);
  };
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
