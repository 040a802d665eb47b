import type { Column } from './column.ts';
import { OUTCOME_NAMES } from './names.ts';
import { OUTCOMES } from './outcome.ts';

/** What the marks of a chart mean, of those that it has. */
export function Legend({ columns }: { readonly columns: readonly Column[] }) {
  const shown = OUTCOMES.filter((outcome) => columns.some(({ counts }) => counts[outcome] > 0));
  return (
    <ul className="legend">
      {shown.map((outcome) => (
        <li key={outcome}>
          <svg width="14" height="14" aria-hidden="true">
            <rect className={outcome} x="1" y="1" width="12" height="12" />
          </svg>
          {OUTCOME_NAMES[outcome]}
        </li>
      ))}
    </ul>
  );
}
