import { duration } from '../time.ts';
import type { Column } from './column.ts';
import { measureDurations, type DurationClass } from './durations.ts';
import { Figure } from './figure.tsx';
import { jobsOf } from './names.ts';
import type { OverviewJob } from './outcome.ts';

/** How long jobs took, by classes that become longer. */
export function DurationChart({ jobs }: { readonly jobs: readonly OverviewJob[] }) {
  const { classes, known, quantiles } = measureDurations(jobs);
  if (classes.length === 0) return null;
  const [half, most, nearlyAll] = (quantiles ?? []).map(duration);
  const note =
    half === undefined
      ? 'None has succeeded.'
      : `Of those that succeeded, half took at most ${half}, 90 % at most ${most}, and 99 % at most ${nearlyAll}.`;
  return (
    <Figure title="How long jobs took" unit="Duration" note={note}>
      {() => ({
        name: `of ${jobsOf(known)} that have ended`,
        columns: classes.map(columnOf),
        labelOf: (index) => [classes[index]?.from ?? ''],
      })}
    </Figure>
  );
}

function columnOf({ from, to, counts }: DurationClass): Column {
  return { key: from, name: to === undefined ? `${from} or more` : `${from} to ${to}`, counts };
}
