import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/command.ts';
import { rowsOf } from '../support/markdown.ts';

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

export const DASHBOARD = JSON.parse(read('deploy/grafana/package-job-gateway.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};

/** Each query of the dashboard, with the panel that it is of. */
export const QUERIES = DASHBOARD.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

/** Names of metrics in a query, without what a histogram adds to them. */
export function metricsIn(expr: string): string[] {
  const names = expr.match(/\b(?:pjg|http_server|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => (METRICS.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')));
}

/** The names of all metrics, as the documentation lists them. */
export const METRICS = new Set(
  rowsOf(read('docs/telemetry.md'), 'metric').map(([name = '']) => name.replaceAll('`', '')),
);
