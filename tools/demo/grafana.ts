import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram, untilAnswering, type Running } from './programs.ts';

const DASHBOARDS = fileURLToPath(new URL('../../deploy/grafana', import.meta.url));
/** Where packages put what Grafana needs. An archive has it beside the folder of the program. */
const HOMES = ['/usr/share/grafana', '/opt/homebrew/share/grafana', '/usr/local/share/grafana'];

export interface GrafanaOptions {
  /** The program: `grafana`, or `grafana-server` as it was called before. */
  readonly path: string;
  /** A folder of its own, for its configuration and its data. */
  readonly folder: string;
  readonly port: number;
  readonly prometheus: { readonly url: string; readonly everySeconds: number };
}

/** A Grafana on this machine that shows the dashboard of the repository to everybody. Nothing can be changed in it. */
export interface Grafana extends Running {
  readonly url: string;
}

/** @throws {Error} with what it wrote last when it does not start */
export async function startGrafana({ path, folder, port, prometheus }: GrafanaOptions): Promise<Grafana> {
  const home = [join(dirname(realpathSync(path)), '..'), ...HOMES].find((candidate) =>
    existsSync(join(candidate, 'conf/defaults.ini')),
  );
  if (home === undefined) throw new Error('Grafana did not start: its folder conf was not found');
  provision(folder, prometheus);
  const url = `http://127.0.0.1:${String(port)}`;
  const program = startProgram(path, {
    args: [...(basename(path) === 'grafana' ? ['server'] : []), '--homepath', home],
    env: {
      GF_PATHS_DATA: join(folder, 'data'),
      GF_PATHS_LOGS: join(folder, 'log'),
      GF_PATHS_PLUGINS: join(folder, 'plugins'),
      GF_PATHS_PROVISIONING: join(folder, 'provisioning'),
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
    },
  });
  await untilAnswering('Grafana', `${url}/api/health`, program);
  return { ...program, url };
}

/** Writes where the data is and where the dashboard is. JSON is YAML. */
function provision(folder: string, { url, everySeconds }: GrafanaOptions['prometheus']): void {
  const files = {
    datasources: {
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          type: 'prometheus',
          access: 'proxy',
          url,
          isDefault: true,
          jsonData: { timeInterval: `${String(everySeconds)}s` },
        },
      ],
    },
    dashboards: {
      apiVersion: 1,
      providers: [{ name: 'gateway', type: 'file', options: { path: DASHBOARDS } }],
    },
  };
  for (const [kind, content] of Object.entries(files)) {
    mkdirSync(join(folder, 'provisioning', kind), { recursive: true });
    writeFileSync(join(folder, 'provisioning', kind, 'gateway.yml'), JSON.stringify(content));
  }
}
