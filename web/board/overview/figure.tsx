import { useId, useLayoutEffect, useRef, useState } from 'react';
import { Chart } from './chart.tsx';
import type { Column, LabelOf } from './column.ts';
import { CountTable } from './count-table.tsx';
import { Legend } from './legend.tsx';

export interface FigureProps {
  readonly title: string;
  /** What each column is, such as `Duration`. */
  readonly unit: string;
  /** What stands above the chart. */
  readonly note: string;
  /** Makes the columns that fit into a width in pixels. */
  readonly children: (width: number) => FigureColumns;
}

export interface FigureColumns {
  /** What the title leaves open, such as `by hour`. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly labelOf: LabelOf;
}

/** A chart with its title, and its numbers as a table. */
export function Figure({ title, unit, note, children }: FigureProps) {
  const id = useId();
  const [width, frame] = useWidth<HTMLDivElement>();
  const { name, columns, labelOf } = children(width);
  return (
    <section className="figure" aria-labelledby={id}>
      <div className="bar">
        <h3 id={id}>
          {title}, {name}
        </h3>
        <Legend columns={columns} />
      </div>
      <p className="note">{note}</p>
      <div ref={frame}>{width > 0 && <Chart columns={columns} labelOf={labelOf} width={width} />}</div>
      <details>
        <summary>As a table</summary>
        <div className="scroll">
          <CountTable unit={unit} columns={columns} />
        </div>
      </details>
    </section>
  );
}

/** The width of an element in pixels, 0 at first, and where to put its ref. */
function useWidth<T extends Element>() {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [width, element] as const;
}
