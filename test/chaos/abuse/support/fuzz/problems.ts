import { quantile } from '../../../support/load.ts';
import type { Holding } from '../target.ts';
import { describeHolding, type FuzzReport } from './run.ts';

const MIB = 1024 * 1024;

/**
 * By how much the bystander's p99 may exceed the quiet one on a quiet machine, in milliseconds: one request of each connection of
 * the fuzz.
 */
const DELAY_MS = 500;

/**
 * The harm that a run did, with figures: faults, memory, and what the bystander noticed. It prints a summary.
 *
 * @param mayGrowMiB by how much memory may grow after the first part of the run, in MiB: more when caches are not full by then
 * @param delayMs by how much the bystander's p99 may exceed the quiet one, in milliseconds
 */
export function problemsOf(
  { sent, statuses, codes, problems, bystander, memory }: FuzzReport,
  mayGrowMiB: number,
  delayMs = DELAY_MS,
): string[] {
  const [quietMs, busyMs] = [bystander.quiet, bystander.busy].map(({ ranMs }) => quantile(ranMs, 0.99));
  const p99 = `the bystander's p99: ${(quietMs ?? 0).toFixed(0)} -> ${(busyMs ?? 0).toFixed(0)} ms`;
  const grown = grownIn(memory, mayGrowMiB * MIB);
  const course = memory.map(describeHolding).join(' -> ');
  process.stderr.write(
    `fuzz: ${String(sent)} sent, ${JSON.stringify(statuses)} ${JSON.stringify(codes)}, ` +
      `${p99}, ${course}\n`,
  );
  return [
    ...problems,
    ...bystander.busy.failures.slice(0, 5).map((failure) => `the bystander was answered: ${failure}`),
    ...((busyMs ?? 0) <= (quietMs ?? 0) + delayMs ? [] : [p99]),
    ...grown.map((kind) => `${kind} has grown: ${course}`),
  ];
}

/**
 * What has grown after the first part of the run: by this much, or by a tenth where that is more.
 *
 * What is retained after a collection says whether something leaks in the heap. The resident memory says whether something leaks
 * beside it. That has parts that come with time and then stay: pages that the allocator keeps, code, tables of the libraries.
 * So it has to grow in the second half by as much, and not only before.
 */
function grownIn(memory: readonly Holding[], mayGrow: number): readonly string[] {
  const last = memory.at(-1);
  return (['retained', 'rss'] as const).filter((kind) => {
    const since = kind === 'retained' ? memory[0] : (memory.at(-3) ?? memory[0]);
    if (last === undefined || since === undefined) return true;
    return last[kind] > since[kind] + Math.max(mayGrow, 0.1 * since[kind]);
  });
}
