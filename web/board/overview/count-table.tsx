import { linkTo } from '../location.ts';
import type { Column } from './column.ts';
import { numberOf, OUTCOME_NAMES } from './names.ts';
import { OUTCOMES, totalOf } from './outcome.ts';

export interface CountTableProps {
  /** What each row is. */
  readonly unit: string;
  readonly columns: readonly Column[];
}

/** The numbers of a chart. Columns without jobs are left out. */
export function CountTable({ unit, columns }: CountTableProps) {
  const rows = columns.filter(({ counts }) => totalOf(counts) > 0);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{unit}</th>
          {OUTCOMES.map((outcome) => (
            <th key={outcome} scope="col" className="number">
              {OUTCOME_NAMES[outcome]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, counts, placeOf }) => (
          <tr key={key}>
            <th scope="row">{placeOf ? <a {...linkTo(placeOf())}>{name}</a> : name}</th>
            {OUTCOMES.map((outcome) => (
              <td key={outcome} className="number">
                {placeOf && counts[outcome] > 0 ? (
                  <a {...linkTo(placeOf(outcome))}>{numberOf(counts[outcome])}</a>
                ) : (
                  numberOf(counts[outcome])
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
