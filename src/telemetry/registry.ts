import { Gauge, Registry, type Metric } from '@prometheus-io/client';
import { PlainCounter, type Meaning, type PlainHistogram } from './plain-metrics.ts';

/** A value at this moment, and the values of its labels. */
export type Reading = readonly [value: number, ...labels: string[]];

/** Takes the metrics of one gateway. */
export interface Register {
  add(metric: PlainCounter | PlainHistogram): void;
  /** Adds a gauge that is read when it is asked for. */
  gauge(meaning: Meaning, read: () => readonly Reading[] | Promise<readonly Reading[]>): void;
  /** Adds a counter that somebody else counts. It is read when it is asked for. */
  counter(meaning: Meaning, read: () => readonly Reading[]): void;
}

/** All metrics of one gateway, as text. */
export interface Exposition {
  readonly register: Register;
  /** Where other metrics of the same package go. */
  readonly registry: Registry;
  /** The metrics as text, in OpenMetrics or in Prometheus' own format. Only OpenMetrics has exemplars. */
  collect(format: 'openmetrics' | 'prometheus'): Promise<{ readonly type: string; readonly text: string }>;
}

export function createExposition(): Exposition {
  const registry = new Registry();
  const add = (metric: PlainCounter | PlainHistogram) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- it has all that a registry asks of a metric
    registry.registerMetric(metric as unknown as Metric);
  };
  return {
    registry,
    register: {
      add,
      gauge({ name, help, labels = [] }, read) {
        const gauge = new Gauge({
          name,
          help,
          labelNames: [...labels],
          registers: [registry],
          async collect() {
            const readings = await read();
            gauge.reset();
            for (const [value, ...texts] of readings)
              gauge.set(Object.fromEntries(labels.map((label, index) => [label, texts[index] ?? ''])), value);
          },
        });
      },
      counter: (meaning, read) => add(new ReadCounter(meaning, read)),
    },
    async collect(format) {
      const written = format === 'openmetrics' ? inOpenMetrics(registry) : registry;
      return { type: written.contentType, text: await written.metrics() };
    },
  };
}

/** A counter that somebody else counts. */
class ReadCounter extends PlainCounter {
  readonly #read: () => readonly Reading[];

  constructor(meaning: Meaning, read: () => readonly Reading[]) {
    super(meaning);
    this.#read = read;
  }

  override get() {
    for (const [value, ...labels] of this.#read()) this.series(...labels).value = value;
    return super.get();
  }
}

/** The same metrics in a registry of the other format. It would rename counters for both formats otherwise. */
function inOpenMetrics(registry: Registry): Registry {
  const other = new Registry(OPEN_METRICS);
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(name);
    if (metric === undefined) continue;
    const get = async () => {
      const content = await (metric as { get(): Promise<{ name: string; type: string }> }).get();
      return content.type === 'counter' ? { ...content, name: name.replace(/_total$/, '') } : content;
    };
    // oxlint-disable-next-line no-unsafe-type-assertion -- it has all that a registry asks of a metric
    other.registerMetric({ name, get } as unknown as Metric);
  }
  return other;
}

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
