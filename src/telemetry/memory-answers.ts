import type { FastifyBaseLogger } from 'fastify';
import type { ServerEmitter } from '../server/events.ts';

/** How often answers from memory are summed up, in milliseconds. */
const PERIOD_MS = 10_000;
/** Durations go by powers of the eighth root of 2, so that a percentile is right within a tenth. */
const STEPS_PER_DOUBLING = 8;
/** Longer durations than 2^23 microseconds, which are 8 s, count as that. */
const STEPS = 23 * STEPS_PER_DOUBLING;

/** What was answered from memory in one period. */
interface Period {
  stored: number;
  prepared: number;
  /** Of bodies, as they were sent. */
  bytes: number;
  /** How many took as long, by the logarithm of their microseconds. */
  readonly durations: number[];
  readonly startedAt: number;
}

/**
 * Logs what the response cache answered: one line every 10 s, and a last one when the gateway stops. There are too many for a
 * line each, and no line at all where there was none.
 *
 * @param now a clock that only goes forward, in milliseconds
 */
export function logMemoryAnswers(
  server: ServerEmitter,
  logger: FastifyBaseLogger,
  stopping: AbortSignal,
  now: () => number = () => performance.now(),
): void {
  let period = createPeriod(now());
  const tell = () => {
    const { stored, prepared, bytes, durations, startedAt } = period;
    const endedAt = now();
    period = createPeriod(endedAt);
    const count = stored + prepared;
    if (count === 0) return;
    const perSecond = Math.round((count / (endedAt - startedAt)) * 10_000) / 10;
    const p99Ms = percentile(durations, count, 0.99);
    logger.info({ count, stored, prepared, perSecond, bytes, p99Ms }, 'answers of the response cache');
  };
  server.on('requestEnd', (_request, { source, cached, durationMs }) => {
    if (cached === null) return;
    if (source === 'prepared') period.prepared += 1;
    else period.stored += 1;
    period.bytes += cached.bytes;
    const step = Math.floor(STEPS_PER_DOUBLING * Math.log2(Math.max(1, durationMs * 1000)));
    const index = Math.min(step, STEPS);
    period.durations[index] = (period.durations[index] ?? 0) + 1;
  });
  const timer = setInterval(tell, PERIOD_MS).unref();
  stopping.addEventListener('abort', () => {
    clearInterval(timer);
    tell();
  });
}

function createPeriod(startedAt: number): Period {
  return {
    stored: 0,
    prepared: 0,
    bytes: 0,
    durations: Array.from({ length: STEPS + 1 }, () => 0),
    startedAt,
  };
}

/** The duration that this share of them did not exceed, in milliseconds, rounded up to a step. */
function percentile(durations: readonly number[], count: number, share: number): number {
  let left = Math.ceil(count * share);
  const index = durations.findIndex((inStep) => (left -= inStep) <= 0);
  return Number((2 ** ((index + 1) / STEPS_PER_DOUBLING) / 1000).toPrecision(3));
}
