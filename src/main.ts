import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { ConfigError, readConfig, type Config } from './config.ts';
import { PAGES_DIRECTORY, startGateway, type Gateway, type Upstream } from './gateway.ts';
import { limitHeapGrowth } from './heap.ts';
import { arePagesBuilt } from './server/http/pages.ts';
import { unknownVariables } from './unknown-variables.ts';

limitHeapGrowth();
const config = configOrExit();
const logger = pino({ level: config.logLevel });
const { upstream, closeUpstream } = await connectUpstream(config);
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
  await closeUpstream();
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

/** With no account to ask, the emulator runs in this process, on a port of its own. */
async function connectUpstream({ upstream }: Config): Promise<{
  upstream: Upstream;
  closeUpstream: () => Promise<void>;
}> {
  if (upstream.kind === 'ice') return { upstream, closeUpstream: () => Promise.resolve() };
  const { startEmulator } = await import('./emulator/server.ts');
  const emulator = await startEmulator({ seed: 'demo' });
  return {
    upstream: { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials },
    closeUpstream: () => emulator.close(),
  };
}

async function listenOrExit(): Promise<Gateway> {
  try {
    return await startGateway(config, upstream, logger);
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

  Try        curl ${url}/graphql --json '{"query":"{ packageJobs(first: 3) { nodes { id name status } } }"}'
`;
}
