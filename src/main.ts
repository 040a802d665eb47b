import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { withIssuer } from './auth-config.ts';
import { BOUNDS } from './bounds.ts';
import { ConfigError, readConfig, type Config } from './config.ts';
import type { Emulator } from './emulator/server.ts';
import { DEFAULT_PORT } from './emulator/default-port.ts';
import { PAGES_DIRECTORY, startGateway, type Gateway, type Upstream } from './gateway.ts';
import { limitHeapGrowth } from './heap.ts';
import { arePagesBuilt } from './server/http/pages.ts';
import { createLogStream } from './telemetry/log-stream.ts';
import { unknownVariables } from './unknown-variables.ts';

/** How long the end waits for whoever reads the log, in milliseconds. */
const LOG_LIMIT_MS = 1000;

limitHeapGrowth();
const config = configOrExit();
const logStream = createLogStream(process.stdout, BOUNDS.unwrittenLog.max, (lines) =>
  logger.warn({ lines }, 'lines of the log were dropped, as nobody read them in time'),
);
const logger = pino({ level: config.logLevel }, logStream);
const { upstream, emulator } = await connectUpstream(config);
const gateway = await listenOrExit();
process.on('SIGUSR2', () => gateway.logLevel.toggleDebug());
for (const { name, nearest } of unknownVariables(process.env)) {
  logger.warn({ variable: name, nearest }, `${name} is no variable of the gateway: is ${nearest} meant?`);
}
if (!config.production) {
  console.log(welcome(gateway));
  void gateway.firstProblem.then(tell);
}

const longestMs = config.operationTimeoutMs + config.attemptTimeoutMs;

closeWithGrace({ delay: longestMs + 5000, logger: false, skip: ['SIGUSR2'] }, async ({ err, signal }) => {
  if (err) logger.fatal({ err }, 'stopping after an unexpected error');
  else logger.info({ signal }, 'stopping');
  await gateway.close();
  await emulator?.close();
  await logStream.written(LOG_LIMIT_MS);
});

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return process.exit(1);
  }
}

/** Tells a person who has just started the gateway whether the key, its rights and the region work. */
function tell(problem: string | undefined): void {
  if (problem !== undefined) console.error(`  Not ready  ${problem}. npm run doctor looks closer.\n`);
  else if (config.upstream.kind === 'ice') console.log('  Ready      ICE accepted a signed call.\n');
}

/** With no account to ask, the emulator runs in this process. */
async function connectUpstream({ upstream, auth }: Config): Promise<{
  readonly upstream: Upstream;
  readonly emulator: Emulator | undefined;
}> {
  if (upstream.kind === 'ice') return { upstream, emulator: undefined };
  const emulator = await startEmulatorOf(auth?.isLocal === true);
  return {
    upstream: { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials },
    emulator,
  };
}

/** It listens on any port that is free. If it issues tokens, `npm run token` should find it without being told where. */
async function startEmulatorOf(isIssuer: boolean): Promise<Emulator> {
  const { startEmulator } = await import('./emulator/server.ts');
  const start = (port: number) => startEmulator({ seed: 'demo', port });
  if (!isIssuer) return start(0);
  return start(DEFAULT_PORT).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return start(0);
    throw error;
  });
}

async function listenOrExit(): Promise<Gateway> {
  try {
    const settings = emulator === undefined ? config : withIssuer(config, emulator.endpoint);
    return await startGateway(settings, upstream, logger);
  } catch (error) {
    if (error instanceof ConfigError) {
      console.error(error.message);
      return process.exit(1);
    }
    if (!(error instanceof Error && 'code' in error && 'syscall' in error)) throw error;
    const where = `${config.host}:${String(config.port)}`;
    console.error(`Cannot listen on ${where}: ${String(error.code)}. Choose another with HOST and PORT.`);
    return process.exit(1);
  }
}

/** What a person who has just started the gateway wants to know, on one screen. */
function welcome({ url, metricsUrl }: Gateway): string {
  const source =
    config.upstream.kind === 'emulator'
      ? 'the built-in ICE emulator: no keys are set, every job is made up'
      : config.upstream.endpoint.origin;
  const absence = config.ide ? 'not built: npm run build:web' : 'off: IDE=true turns it on';
  const addressOf = (path: string) =>
    config.ide && arePagesBuilt(PAGES_DIRECTORY) ? `${url}${path}` : absence;
  return `
  Package Job Gateway

  Jobs from  ${source}
  API        ${url}/graphql
  IDE        ${addressOf('/')}
  Job board  ${addressOf('/board')}
  Metrics    ${metricsUrl === undefined ? 'off' : `${metricsUrl}/metrics`}
  Tokens     ${tokensLine()}

  Try        curl ${url}/graphql --json '{"query":"{ packageJobs(first: 3) { nodes { id name status } } }"}'${config.auth === undefined ? '' : ' -H "Authorization: Bearer $TOKEN"'}
`;
}

/** Who is asked for a token, and where one comes from. */
function tokensLine(): string {
  const { auth } = config;
  if (auth === undefined)
    return `off, so that everyone sees every job: ${emulator === undefined ? 'docs/protect.md' : 'AUTH=local npm start asks for them'}`;
  if (!auth.isLocal) return `of ${auth.issuers.map(({ issuer }) => issuer).join(', ')}`;
  const endpoint = emulator?.endpoint ?? '';
  const where = endpoint === `http://127.0.0.1:${String(DEFAULT_PORT)}` ? '' : ` --issuer ${endpoint}`;
  return `npm run token -- --owner alice --scope jobs:read${where}`;
}
