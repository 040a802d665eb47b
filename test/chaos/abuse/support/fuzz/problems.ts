import { quantile } from '../../../support/load.ts';
import type { Holding } from '../target.ts';
import type { FuzzReport } from './run.ts';

const MIB = 1024 * 1024;

/**
 * By how much the bystander's p99 may exceed the quiet one on a quiet machine, in milliseconds: one request of each connection of
 * the fuzz.
 */
const DELAY_MS = 500;

/**
 * The harm that a run did, with figures: faults, memory, and what the bystander noticed. It prints a summary.
 *
 * @param mayGrowMiB by how much memory may grow after the first quarter, in MiB: more when caches are not full by then
 * @param delayMs by how much the bystander's p99 may exceed the quiet one, in milliseconds
 */
export function problemsOf(
  { sent, statuses, codes, problems, bystander, memory }: FuzzReport,
  mayGrowMiB: number,
  delayMs = DELAY_MS,
): string[] {
  const [quietMs, busyMs] = [bystander.quiet, bystander.busy].map(({ unhinderedMs }) =>
    quantile(unhinderedMs, 0.99),
  );
  const p99 = `the bystander's p99: ${(quietMs ?? 0).toFixed(0)} -> ${(busyMs ?? 0).toFixed(0)} ms`;
  const grown = (['retained', 'rss'] as const).filter((kind) => {
    const before = memory.before[kind];
    return memory.after[kind] > before + Math.max(mayGrowMiB * MIB, 0.1 * before);
  });
  const figures = `${figuresOf(memory.before)} -> ${figuresOf(memory.after)}`;
  process.stderr.write(
    `fuzz: ${String(sent)} sent, ${JSON.stringify(statuses)} ${JSON.stringify(codes)}, ` +
      `${p99}, ${figures}\n`,
  );
  return [
    ...problems,
    ...bystander.busy.failures.slice(0, 5).map((failure) => `the bystander was answered: ${failure}`),
    ...((busyMs ?? 0) <= (quietMs ?? 0) + delayMs ? [] : [p99]),
    ...grown.map((kind) => `${kind}: ${figures}`),
  ];
}

function figuresOf({ retained, rss }: Holding): string {
  return `${(retained / MIB).toFixed(0)} of ${(rss / MIB).toFixed(0)} MiB`;
}
