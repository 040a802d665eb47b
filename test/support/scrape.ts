/** One metric as it was scraped. */
export interface ScrapedMetric {
  readonly type: string;
  readonly help: string;
  /** Names of labels, `le` of histograms left out. */
  readonly labels: ReadonlySet<string>;
}

/** What a scrape of Prometheus' own format says. */
export interface Scrape {
  readonly text: string;
  readonly metrics: ReadonlyMap<string, ScrapedMetric>;
  /** Values by series, such as `pjg_errors_total{code="OVERLOADED"}`. */
  readonly series: ReadonlyMap<string, number>;
}

/** Scrapes a gateway as Prometheus does. */
export async function scrape(metricsUrl: string | undefined): Promise<Scrape> {
  const response = await fetch(`${metricsUrl ?? ''}/metrics`);
  if (!response.ok) throw new Error(`the scrape failed: ${String(response.status)}`);
  return readScrape(await response.text());
}

export function readScrape(text: string): Scrape {
  const metrics = new Map<string, { type: string; help: string; labels: Set<string> }>();
  const series = new Map<string, number>();
  let name = '';
  for (const line of text.split('\n')) {
    const [, helped, help = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    const [, typed, type = ''] = /^# TYPE (\S+) (.*)$/.exec(line) ?? [];
    name = helped ?? typed ?? name;
    const metric = metrics.get(name) ?? { type: '', help: '', labels: new Set() };
    if (helped !== undefined) metric.help = help;
    if (typed !== undefined) metric.type = type;
    if (name !== '') metrics.set(name, metric);
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    series.set(line.slice(0, space), Number(line.slice(space + 1)));
    for (const [, label = ''] of line.matchAll(/[{,](\w+)="/g)) if (label !== 'le') metric.labels.add(label);
  }
  return { text, metrics, series };
}

/** By how much series grew. Buckets and sums of histograms are left out: their counts grow too. */
export function growth(before: Scrape, after: Scrape): Map<string, number> {
  const grown = new Map<string, number>();
  for (const [name, value] of after.series) {
    const difference = value - (before.series.get(name) ?? 0);
    if (difference !== 0 && !/_(?:bucket|sum)(?:\{|$)/.test(name)) grown.set(name, difference);
  }
  return grown;
}

/** By how much one series grew. A series that is not there counts as 0. */
export function growthOf(name: string, before: Scrape, after: Scrape): number {
  return (after.series.get(name) ?? 0) - (before.series.get(name) ?? 0);
}
