import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram, untilAnswering, type Running } from './programs.ts';

const RULES = fileURLToPath(new URL('../../deploy/prometheus/alerts.yml', import.meta.url));

export interface PrometheusOptions {
  /** The program. */
  readonly path: string;
  /** A folder of its own, for its configuration and its data. */
  readonly folder: string;
  readonly port: number;
  /** The gateway's metrics, such as `127.0.0.1:9464`. */
  readonly target: string;
  /** How often the gateway is scraped and the alerts are evaluated, in seconds. */
  readonly everySeconds: number;
}

/** A Prometheus on this machine that scrapes one gateway, and evaluates the alerts of the repository. */
export interface Prometheus extends Running {
  readonly url: string;
}

/** @throws {Error} with what it wrote last when it does not start */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { path, folder, port, target, everySeconds } = options;
  const interval = `${String(everySeconds)}s`;
  const file = join(folder, 'prometheus.yml');
  // JSON is YAML.
  const configuration = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'package-job-gateway', static_configs: [{ targets: [target] }] }],
  };
  writeFileSync(file, JSON.stringify(configuration));
  const url = `http://127.0.0.1:${String(port)}`;
  const program = startProgram(path, {
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
    ],
  });
  await untilAnswering('Prometheus', `${url}/-/ready`, program);
  return { ...program, url };
}
