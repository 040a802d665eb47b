// `npm run demo` shows what a gateway tells about itself: the gateway on its emulator, clients of all kinds, Prometheus with the
// alerts, and Grafana with the dashboard, where these are installed. Ctrl+C ends all of it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGrafana } from './demo/grafana.ts';
import { startLoad } from './demo/load.ts';
import { choosePort, findProgram, startProgram, untilAnswering, type Running } from './demo/programs.ts';
import { startPrometheus, type Prometheus } from './demo/prometheus.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const DASHBOARD = new URL('../deploy/grafana/package-job-gateway.json', import.meta.url);
/** For how long a signal counts as the one before, in milliseconds. */
const SAME_MS = 1000;
/** How often metrics are scraped, in seconds. */
const EVERY_S = 2;
/** What to look at in Prometheus itself: a panel for each question that the dashboard answers. */
const PANELS = [
  'Errors that clients are told',
  'Duration of requests, p99',
  'Requests to ICE',
  'Reads of jobs',
  'Watched jobs and subscriptions',
];

const PROMETHEUS = { programs: ['prometheus'], install: 'apt-get install prometheus' };
const GRAFANA = { programs: ['grafana', 'grafana-server'], install: 'https://grafana.com/grafana/download' };

const folder = mkdtempSync(join(tmpdir(), 'gateway-demo-'));
/** What ends it, last first. */
const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
let isEnding = false;
let endingSince = 0;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks again does not want to wait, so what still runs is killed. A terminal and npm send the same one twice.
    if (isEnding && performance.now() - endingSince > SAME_MS) process.exit(1);
    void end(0);
  });
}
try {
  await start();
} catch (error) {
  await end(1, error instanceof Error ? error.message : String(error));
}

/** Ends all programs, in order, and then this one. Only the first call counts. */
async function end(code: number, problem?: string): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  endingSince = performance.now();
  if (problem !== undefined) console.error(`demo: ${problem}`);
  console.log('\ndemo: ending');
  while (stops.length > 0) await stops.pop()?.();
  process.exit(code);
}

async function start(): Promise<void> {
  const gateway = await startGateway();
  const load = startLoad(gateway.url);
  stops.push(() => load.stop());
  const missing: string[] = [];
  const say = (problem: string) => void missing.push(`${problem}. The demo goes on without it.`);
  const prometheus = await tryStarting('Prometheus', PROMETHEUS, say, async (path) => {
    const port = await choosePort(portOf('PROMETHEUS_PORT', 9090));
    const target = new URL(gateway.metricsUrl).host;
    return startPrometheus({ path, folder: subfolder('prometheus'), port, target, everySeconds: EVERY_S });
  });
  const grafana = await tryStarting('Grafana', GRAFANA, say, async (path) => {
    if (prometheus === undefined) throw new Error('Grafana has nothing to show without Prometheus');
    const port = await choosePort(portOf('GRAFANA_PORT', 3000));
    const source = { url: prometheus.url, everySeconds: EVERY_S };
    return startGrafana({ path, folder: subfolder('grafana'), port, prometheus: source });
  });
  console.log(`
  Job board   ${gateway.url}/board
  IDE         ${gateway.url}/
  Metrics     ${gateway.metricsUrl}/metrics
  Prometheus  ${prometheus === undefined ? 'not running' : `${prometheus.url}/alerts`}
  Dashboard   ${grafana === undefined ? 'not running' : `${grafana.url}/d/package-job-gateway`}

  Load        ${load.summary}
${missing.map((line) => `  Missing     ${line}\n`).join('')}
  Look at     ${grafana === undefined ? lookAt(gateway.metricsUrl, prometheus) : `${grafana.url}/d/package-job-gateway`}
  Ctrl+C ends it.
`);
}

/** Starts the gateway on its own emulator, with none of the variables that this process has. */
async function startGateway(): Promise<{ readonly url: string; readonly metricsUrl: string }> {
  const [port, metricsPort] = [
    await choosePort(portOf('PORT', 4000)),
    await choosePort(portOf('METRICS_PORT', 9464)),
  ];
  const program = startProgram(process.execPath, {
    args: [MAIN],
    env: { UPSTREAM: 'emulator', LOG_LEVEL: 'warn', PORT: String(port), METRICS_PORT: String(metricsPort) },
  });
  stops.push(() => program.stop());
  const url = `http://127.0.0.1:${String(port)}`;
  await untilAnswering('The gateway', `${url}/readyz`, program);
  void program.ended.then(() => end(1, `the gateway has ended: ${program.problem()}`));
  return { url, metricsUrl: `http://127.0.0.1:${String(metricsPort)}` };
}

/** Starts a program where it is installed, and says so where it is not. */
async function tryStarting<T extends Running>(
  name: string,
  { programs, install }: { readonly programs: readonly string[]; readonly install: string },
  say: (problem: string) => void,
  begin: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const path = findProgram(programs);
  if (path === undefined) {
    say(`${name} is not installed (${install})`);
    return undefined;
  }
  try {
    const running = await begin(path);
    stops.push(() => running.stop());
    const tellEnd = () => isEnding || console.error(`demo: ${name} has ended. The demo goes on without it.`);
    void running.ended.then(tellEnd);
    return running;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Where to look without Grafana. */
function lookAt(metricsUrl: string, prometheus: Prometheus | undefined): string {
  if (prometheus === undefined) return `${metricsUrl}/metrics`;
  // oxlint-disable-next-line no-unsafe-type-assertion -- a test reads it too
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const parameters = PANELS.flatMap((title, index) => {
    const expr = panels.find((panel) => panel.title === title)?.targets?.[0]?.expr ?? '';
    const query = expr
      .replaceAll('$instance', '.+')
      .replaceAll('$__rate_interval', `${String(5 * EVERY_S)}s`);
    const nth = `g${String(index)}`;
    return [`${nth}.expr=${encodeURIComponent(query)}`, `${nth}.tab=0`, `${nth}.range_input=15m`];
  });
  return `${prometheus.url}/graph?${parameters.join('&')}`;
}

/** The port that a variable asks for. */
function portOf(name: string, byDefault: number): number {
  const text = process.env[name] ?? String(byDefault);
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new RangeError(`${name} must be an integer from 0 to 65535, got ${JSON.stringify(text)}`);
}

function subfolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
