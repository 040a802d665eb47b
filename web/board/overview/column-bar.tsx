import type { ScaleLinear } from 'd3-scale';
import type { KeyboardEvent } from 'react';
import { linkTo } from '../location.ts';
import { textOf, type Column } from './column.ts';
import { NO_COUNTS, OUTCOMES, totalOf, type Counts } from './outcome.ts';

export interface ColumnBarProps {
  readonly column: Column;
  /** Where it begins, and its width, in pixels. */
  readonly x: number;
  readonly width: number;
  /** From numbers of jobs to pixels. */
  readonly y: ScaleLinear<number, number>;
  /** Whether the tab key stops here. */
  readonly isStop: boolean;
  /** Called when it gets the pointer or the focus, and with `false` when it loses them. */
  readonly onPoint: (isPointed: boolean) => void;
  readonly onKey: (event: KeyboardEvent) => void;
}

/** One column. All of it links to its jobs, and each part to those of its outcome. */
export function ColumnBar({ column, x, width, y, isStop, onPoint, onKey }: ColumnBarProps) {
  const [bottom = 0, top = 0] = y.range();
  const { counts, placeOf } = column;
  const area = <rect className="area" x={x} width={width} y={top} height={bottom - top} />;
  const all = placeOf && totalOf(counts) > 0 && linkTo(placeOf());

  return (
    <g onPointerEnter={() => onPoint(true)} onPointerLeave={() => onPoint(false)}>
      {all ? (
        <a
          {...all}
          href={all.href}
          className="column"
          tabIndex={isStop ? 0 : -1}
          aria-label={textOf(column)}
          onKeyDown={onKey}
          onFocus={() => onPoint(true)}
          onBlur={() => onPoint(false)}
        >
          {area}
        </a>
      ) : (
        area
      )}
      {partsOf(counts, y).map(({ outcome, ...edges }) => {
        const part = <rect key={outcome} className={outcome} x={x} width={width} {...edges} />;
        if (!placeOf) return part;
        const link = linkTo(placeOf(outcome));
        const text = textOf({ ...column, counts: { ...NO_COUNTS, [outcome]: counts[outcome] } });
        return (
          <a key={outcome} {...link} href={link.href} tabIndex={-1} aria-label={text}>
            {part}
          </a>
        );
      })}
    </g>
  );
}

/** The parts of a column that are not empty, one above the other. */
function partsOf(counts: Counts, y: ScaleLinear<number, number>) {
  let below = 0;
  return OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => {
    const start = y(below);
    below += counts[outcome];
    return { outcome, y: y(below), height: start - y(below) };
  });
}
