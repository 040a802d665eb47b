import type { ScaleBand } from 'd3-scale';
import type { LabelOf } from './column.ts';

export interface LabelsProps {
  /** From indices of columns to pixels. */
  readonly x: ScaleBand<number>;
  /** Where the columns stand, in pixels. */
  readonly y: number;
  readonly labelOf: LabelOf;
}

/** What a label takes, in pixels. */
const WIDTH = 64;
const LINE = 16;

/** What stands below columns: below each, or below each second, third and so on where they are narrow. */
export function Labels({ x, y, labelOf }: LabelsProps) {
  const every = Math.ceil(WIDTH / x.step());
  const labelled = x.domain().filter((index) => index % every === 0);
  return (
    <g className="labels" aria-hidden="true">
      {labelled.map((index, place) => {
        const [upper, lower] = labelOf(index, labelled[place - 1]);
        const center = (x(index) ?? 0) + x.bandwidth() / 2;
        return (
          <text key={index} textAnchor="middle">
            <tspan x={center} y={y + LINE}>
              {upper}
            </tspan>
            {lower && (
              <tspan x={center} y={y + 2 * LINE}>
                {lower}
              </tspan>
            )}
          </text>
        );
      })}
    </g>
  );
}
