/** One value of one metric, as a registry of `@prometheus-io/client` writes it. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

/** A measurement that a trace shows. */
interface Exemplar {
  readonly labelSet: { readonly trace_id: string };
  readonly value: number;
  /** In seconds since 1970. */
  readonly timestamp: number;
}

/** What a metric is called, and what it means. */
export interface Meaning {
  /** With its unit, such as `pjg_ice_request_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/**
 * A metric that is counted in plain numbers. They are made into series when somebody asks for them, so that counting costs as
 * little as it can. Each label has few values, which are known beforehand.
 */
abstract class PlainMetric<Series> {
  abstract readonly type: 'counter' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly #labels: readonly string[];
  readonly #series = new Map<string, { readonly labels: Record<string, string>; readonly series: Series }>();

  constructor({ name, help, labels = [] }: Meaning) {
    this.name = name;
    this.help = help;
    this.#labels = labels;
  }

  /** The series with these values of the labels. It begins with nothing counted. */
  series(...values: readonly string[]): Series {
    const key = values.join('\n');
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    const labels = Object.fromEntries(this.#labels.map((label, index) => [label, values[index] ?? '']));
    const series = this.create();
    this.#series.set(key, { labels, series });
    return series;
  }

  /** Is called by the registry. */
  get() {
    const values = [...this.#series.values()].flatMap(({ labels, series }) => this.samples(series, labels));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, values });
  }

  protected abstract create(): Series;
  protected abstract samples(series: Series, labels: Record<string, string>): Sample[];
}

/** Something that is counted. It only grows. */
export interface Count {
  value: number;
}

export class PlainCounter extends PlainMetric<Count> {
  readonly type = 'counter';

  protected create(): Count {
    return { value: 0 };
  }

  protected samples({ value }: Count, labels: Record<string, string>): Sample[] {
    return [{ labels, value }];
  }
}

/** How often something was how large. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** How many were in each bucket. The last bucket has no bound. */
  readonly counts: number[];
  readonly exemplars: (Exemplar | undefined)[] = [];
  sum = 0;

  /** @param bounds the upper bounds of the buckets, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** @param traceId of a trace that shows it, if there is one */
  observe(value: number, traceId?: string): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
    if (traceId !== undefined)
      this.exemplars[index] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1000 };
  }
}

export class PlainHistogram extends PlainMetric<Distribution> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** @param bounds the upper bounds of the buckets, ascending */
  constructor(meaning: Meaning, bounds: readonly number[]) {
    super(meaning);
    this.#bounds = bounds;
  }

  protected create(): Distribution {
    return new Distribution(this.#bounds);
  }

  protected samples({ counts, exemplars, sum }: Distribution, labels: Record<string, string>): Sample[] {
    let count = 0;
    const buckets = counts.map((inBucket, index) => {
      count += inBucket;
      return {
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le: this.#bounds[index] ?? '+Inf' },
        value: count,
        exemplar: exemplars[index],
      };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
