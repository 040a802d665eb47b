import { EventEmitter } from 'node:events';
import { ConfigError, readConfig, type Config } from './config.ts';
import type { Environment } from './environment.ts';
import type { IceEvents, KeysFailed, KeysFound } from './ice/events.ts';
import { clockLine, explain, idEnd } from './ice/explain.ts';
import { proxyFor } from './ice/proxy.ts';
import { unknownVariables } from './unknown-variables.ts';
import { connectUpstream, firstCall, type Upstream } from './upstream.ts';

/** How long each check may take, in milliseconds. A person waits for it. */
const LIMIT_MS = 1600;

/** The id of a job that no account has. */
const NO_JOB = '00000000000000000000000000000000';

/** Takes one line: what was looked at, and what was found. */
export type Print = (what: string, finding: string) => void;

/**
 * Looks whether the key, its rights, the region, the clock and the proxy work. It takes less than two seconds.
 *
 * @returns whether the gateway can serve
 */
export async function examine(env: Environment, print: Print): Promise<boolean> {
  const config = readOrTell(env, print);
  if (config === undefined) return false;
  for (const { name, nearest } of unknownVariables(env)) {
    print('Variable', `${name} is no variable of the gateway: is ${nearest} meant?`);
  }
  const { upstream } = config;
  if (upstream.kind === 'emulator') {
    print('ICE', 'the built-in emulator: no variable names an account, see docs/accounts.md');
    return true;
  }
  const { endpoint, endpointFrom } = upstream;
  print('ICE', `${endpoint.origin}, ${endpointFrom === undefined ? 'by default' : `by ${endpointFrom}`}`);
  const proxy = proxyFor(endpoint, upstream.proxies);
  print('Proxy', proxy === undefined ? 'none' : `${proxy.protocol}//${proxy.host}`);
  return checkCalls(upstream, config, print);
}

async function checkCalls(upstream: Upstream, config: Config, print: Print): Promise<boolean> {
  const events = new EventEmitter<IceEvents>();
  const found: { keys?: KeysFound; failure?: KeysFailed; clock?: string; jobs?: number } = {};
  events.on('keysFound', (keys) => (found.keys = keys));
  events.on('keysFailed', (failure) => (found.failure = failure));
  events.on('clockCorrected', (differenceMs) => (found.clock = clockLine(differenceMs)));
  const ice = connectUpstream(upstream, { ...config, attemptTimeoutMs: LIMIT_MS }, events, Date.now);
  const context = { signal: AbortSignal.timeout(LIMIT_MS), client: '', turnKey: {}, onCall: () => undefined };
  const [list, get] = await Promise.all([
    problemOf(firstCall(ice, context.signal).then(({ value }) => (found.jobs = value.jobs.length))),
    problemOf(ice.getPackageJob(NO_JOB, context)),
  ]);
  ice.close();
  if (found.keys === undefined && list !== undefined) {
    const source = found.failure?.source ?? 'no source';
    print('Key', source === 'no source' ? list : `${source}: ${list}`);
    return false;
  }
  if (found.keys !== undefined)
    print('Key', `${found.keys.source}${idEnd(found.keys.id)}${timeLeft(found.keys)}`);
  if (found.clock !== undefined) print('Clock', found.clock);
  const none = '. The account has no jobs in this region: check ICE_REGION if it should';
  print('List', list ?? `ice:ListPackageJobs works${found.jobs === 0 ? none : ''}`);
  print('Get', get ?? 'ice:GetPackageJob works');
  print(
    'Submit',
    config.allowSubmit ? 'not tried: it would make a job' : 'off: ALLOW_SUBMIT=true turns it on',
  );
  return list === undefined && get === undefined;
}

function problemOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(() => undefined, explain);
}

function timeLeft({ expiresAt }: KeysFound): string {
  return expiresAt === undefined
    ? ''
    : `, for ${String(Math.round((expiresAt - Date.now()) / 60_000))} min more`;
}

function readOrTell(env: Environment, print: Print): Config | undefined {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print('Variables', error.message);
    return undefined;
  }
}
