// Writes what the Helm chart has from elsewhere: the schema of its values, the alerts and the dashboard. With --check it
// says what is stale, and exits with 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { chartSchema } from './chart-schema.ts';

const ROOT = new URL('../', import.meta.url);
const CHART = 'deploy/helm/package-job-gateway';

const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

const files: Readonly<Record<string, string>> = {
  [`${CHART}/values.schema.json`]: `${JSON.stringify(chartSchema(), null, 2)}\n`,
  [`${CHART}/files/alerts.yml`]: read('deploy/prometheus/alerts.yml'),
  [`${CHART}/files/dashboard.json`]: read('deploy/grafana/package-job-gateway.json'),
};

for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(new URL(path, ROOT), text);
  else if (read(path) !== text) {
    console.error(`${path} is stale: npm run chart`);
    process.exitCode = 1;
  }
}
