import type { Place } from '../location.ts';
import { numberOf, OUTCOME_NAMES, type Label } from './names.ts';
import { OUTCOMES, type Counts, type Outcome } from './outcome.ts';

/** One column of a chart, and one row of the table behind it. */
export interface Column {
  readonly key: string;
  /** What it stands for, such as `Nov 29, 3:00 – 4:00 PM GMT+1`. */
  readonly name: string;
  readonly counts: Counts;
  /** Where the list shows these jobs: all, or those of an outcome. `undefined`: no list has them alone. */
  readonly placeOf?: (outcome?: Outcome) => Place;
}

/** What stands below a column, where the label before it is that of the column `before`. */
export type LabelOf = (index: number, before: number | undefined) => Label;

/** A text such as `Nov 29, 3:00 – 4:00 PM GMT+1: 12 succeeded, 1 failed`. */
export function textOf({ name, counts }: Column): string {
  const parts = OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome) => `${numberOf(counts[outcome])} ${OUTCOME_NAMES[outcome]}`,
  );
  return `${name}: ${parts.join(', ') || 'no jobs'}`;
}
