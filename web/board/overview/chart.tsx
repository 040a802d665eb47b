import { max } from 'd3-array';
import { scaleBand, scaleLinear } from 'd3-scale';
import { useState, type KeyboardEvent } from 'react';
import { Axis } from './axis.tsx';
import { ColumnBar } from './column-bar.tsx';
import { textOf, type Column, type LabelOf } from './column.ts';
import { Labels } from './labels.tsx';
import { totalOf } from './outcome.ts';

export interface ChartProps {
  readonly columns: readonly Column[];
  readonly labelOf: LabelOf;
  /** In pixels. */
  readonly width: number;
}

const HEIGHT = 210;
/** What is left for axes, in pixels. */
const EDGE = { left: 40, right: 4, top: 8, bottom: 40 };

/** Where a key goes, of columns from 0 to `last`. */
const STEPS: Readonly<Record<string, (index: number, last: number) => number>> = {
  ArrowLeft: (index) => Math.max(index - 1, 0),
  ArrowRight: (index, last) => Math.min(index + 1, last),
  Home: () => 0,
  End: (_index, last) => last,
};

/**
 * Columns of jobs by outcome. With the keyboard, the chart is one stop, and arrows go from column to column. Below is written
 * what the column under the pointer or with the focus stands for.
 */
export function Chart({ columns, labelOf, width }: ChartProps) {
  const [pointed, setPointed] = useState<number>();
  const [stop, setStop] = useState(0);
  const bottom = HEIGHT - EDGE.bottom;
  const right = width - EDGE.right;
  const x = scaleBand(columns.keys(), [EDGE.left, right]).paddingInner(0.2);
  const most = max(columns, ({ counts }) => totalOf(counts)) ?? 0;
  const y = scaleLinear([0, Math.max(most, 1)], [bottom, EDGE.top]).nice(4);
  const stops = columns.flatMap(({ counts }, index) => (totalOf(counts) > 0 ? [index] : []));
  // The chart can have fewer columns than before.
  const current = stops.includes(stop) ? stop : stops[0];

  const walk = (event: KeyboardEvent) => {
    const next = STEPS[event.key]?.(stops.indexOf(current ?? 0), stops.length - 1);
    if (next === undefined) return;
    event.preventDefault();
    event.currentTarget.closest('svg')?.querySelectorAll<SVGAElement>('.column')[next]?.focus();
  };
  const point = (index: number, isPointed: boolean) => {
    setPointed(isPointed ? index : undefined);
    if (isPointed) setStop(index);
  };
  const column = pointed === undefined ? undefined : columns[pointed];

  return (
    <>
      <svg className="chart" width={width} height={HEIGHT}>
        <Axis y={y} left={EDGE.left} right={right} />
        {columns.map((column, index) => (
          <ColumnBar
            key={column.key}
            column={column}
            x={x(index) ?? 0}
            width={x.bandwidth()}
            y={y}
            isStop={index === current}
            onPoint={(isPointed) => point(index, isPointed)}
            onKey={walk}
          />
        ))}
        <Labels x={x} y={bottom} labelOf={labelOf} />
      </svg>
      <p className="readout">{column && textOf(column)}</p>
    </>
  );
}
