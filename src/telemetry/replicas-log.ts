import type { FastifyBaseLogger } from 'fastify';
import type { ReplicasEmitter } from '../replicas/events.ts';

/** Tells whether this replica shares with others. A reason why it does not is told once. */
export function logReplicas(replicas: ReplicasEmitter, logger: FastifyBaseLogger): void {
  const told = new Set<string>();
  replicas.on('joined', ({ aloneMs }) => {
    told.clear();
    logger.info(
      { aloneMs: Math.round(aloneMs) },
      'joined the other replicas: states, calls and limits are shared',
    );
  });
  replicas.on('left', (_membership, { reason, durationMs }) => {
    const details = { reason, joinedMs: Math.round(durationMs) };
    if (reason === 'closed') logger.info(details, 'left the other replicas');
    else
      logger.warn(
        details,
        `Redis is ${WORDS[reason]}: this replica goes on alone, with its part of the calls`,
      );
  });
  replicas.on('joinFailed', (reason, code) => {
    const kind = `${reason} ${code}`;
    if (told.has(kind)) return;
    told.add(kind);
    logger.warn({ reason, code }, `Redis cannot be used (${code}): this replica is alone and tries again`);
  });
  replicas.on('replicasChanged', (replicas) =>
    logger.info({ replicas }, 'the number of replicas has changed'),
  );
}

const WORDS = { connecting: 'not there', lost: 'lost', slow: 'too slow', refused: 'refusing' } as const;
