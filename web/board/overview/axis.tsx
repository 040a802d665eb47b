import type { ScaleLinear } from 'd3-scale';
import { numberOf } from './names.ts';

export interface AxisProps {
  readonly y: ScaleLinear<number, number>;
  /** Where the lines begin and end, in pixels. */
  readonly left: number;
  readonly right: number;
}

/** Numbers of jobs on the left, each with a line. */
export function Axis({ y, left, right }: AxisProps) {
  const ticks = y.ticks(4).filter((tick) => Number.isInteger(tick));
  return (
    <g className="axis" aria-hidden="true">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text x={left - 6} y={y(tick)} dy="0.32em" textAnchor="end">
            {numberOf(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}
