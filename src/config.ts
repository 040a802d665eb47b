import { readAuth, type AuthConfig } from './auth-config.ts';
import { createReader, readNetwork, readOrigin, type Environment, type Reader } from './environment.ts';
import { readHost } from './host.ts';
import { isLoopback } from './loopback.ts';
import { readRedis, type RedisConfig } from './redis-config.ts';
import { readProxies, readUpstream, type ProxySettings, type UpstreamConfig } from './upstream-config.ts';
import { OTHERS } from './variables.ts';

export type { UpstreamConfig } from './upstream-config.ts';

/** Everything that can be set from outside, after it was checked. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** The hosts that requests may be made to. `loopback`: those of this machine. A list has the form of `hostOf`. */
  readonly allowedHosts: 'loopback' | 'any' | readonly string[];
  /** What a proxy may leave before all paths, such as `/jobs`. `undefined`: nothing. */
  readonly pathPrefix: string | undefined;
  /** How many proxies, or which addresses and networks, may tell the address of a client. 0: none. */
  readonly trustedProxies: number | readonly string[];
  /** How callers show who they are. `undefined`: nobody is asked. */
  readonly auth: AuthConfig | undefined;
  /** How much each client may ask for. `undefined`: as much as it likes. See `server/rate-limit/buckets`. */
  readonly rateLimit: { readonly cost: number; readonly seconds: number } | undefined;
  /** The proxies that issuers are reached through. */
  readonly proxies: ProxySettings | undefined;
  readonly upstream: UpstreamConfig;
  /** What is shared with other replicas, and where. `undefined`: nothing is. */
  readonly redis: RedisConfig | undefined;
  readonly callsPerSecond: number;
  readonly maxConcurrency: number;
  /** Limit of one attempt of one call, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Limit of one GraphQL operation, in milliseconds. */
  readonly operationTimeoutMs: number;
  /** How old a state may be when it is served, in milliseconds. See `jobs/store/entry`. */
  readonly freshness: {
    readonly unfinishedMs: number;
    readonly finishedMs: number;
    readonly missingMs: number;
    readonly staleIfErrorMs: number;
  };
  /** Most jobs remembered. */
  readonly maxJobs: number;
  /** The most bytes of stored responses. 0 stores none. */
  readonly answersMaxBytes: number;
  /** Whether queries that repeat are compiled. */
  readonly isJitOn: boolean;
  /** Whether one list may replace many gets. */
  readonly isListBatchingOn: boolean;
  /** Whether jobs may be submitted. */
  readonly allowSubmit: boolean;
  /** Path of a manifest of persisted operations. */
  readonly persistedOperations: string | undefined;
  /** Whether no other operations run. */
  readonly persistedOnly: boolean;
  readonly pollInterval: { readonly minMs: number; readonly maxMs: number };
  /** The most of the rate of calls that sweeps of watched jobs take before they are made less often. 0.01 to 1. */
  readonly watchShare: number;
  /** WebSockets and event streams. See `server/transports/connections`. */
  readonly streams: { readonly max: number; readonly maxPerClient: number; readonly keepAliveMs: number };
  /** Origins that browsers may call from. `loopback` is every http(s) origin on this machine. */
  readonly corsOrigins: 'loopback' | readonly string[];
  /** Where metrics are served. A `port` of 0 is any. `undefined`: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Where traces go. `undefined`: there are none. See `telemetry/tracing-sdk`. */
  readonly tracing: TracingSettings | undefined;
  readonly ide: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

/** What OpenTelemetry's variables say of traces. */
export interface TracingSettings {
  readonly exporter: 'otlp' | 'console';
  /** The whole URL that spans are sent to. `undefined`: OpenTelemetry's default. */
  readonly url: string | undefined;
  readonly serviceName: string;
  readonly sampler: (typeof OTHERS.OTEL_TRACES_SAMPLER.values)[number];
  /** The part of traces that is recorded, 0 to 1. */
  readonly ratio: number;
}

/** All that is wrong with the environment, one line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n  ${problems.join('\n  ')}`);
  }
}

/**
 * Reads and checks every variable.
 *
 * @throws {ConfigError} once, with all that is wrong; it never contains the value of a secret
 */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = createReader(env, problems);

  const production = env['NODE_ENV'] === 'production';
  const host = readHostName(read, 'HOST') ?? OTHERS.HOST.default;
  const upstream = readUpstream(env, read, production, problems);
  const auth = readAuth(env, read, { production, hasAccount: upstream.kind === 'ice' }, problems);
  if (upstream.kind === 'ice' && !isLoopback(host) && env['AUTH'] === undefined) {
    problems.push(
      `HOST ${JSON.stringify(host)} opens your ICE account to the network: say AUTH=jwt to ask for tokens, AUTH=none if that is meant, or use 127.0.0.1`,
    );
  }
  const ide = read.boolean('IDE', !production);
  const persistedOperations = read.text('PERSISTED_OPERATIONS', /./, 'the path of a manifest');
  const persistedOnly = read.boolean('PERSISTED_ONLY', false);
  if (persistedOnly && persistedOperations === undefined) {
    problems.push('PERSISTED_ONLY needs PERSISTED_OPERATIONS: without a manifest nothing could run');
  }

  const config: Config = {
    production,
    host,
    port: read.integer('PORT'),
    allowedHosts: readAllowedHosts(env, read, auth, production || !isLoopback(host), problems),
    pathPrefix: read.text('PATH_PREFIX', /^(?:\/[\w.~-]+)+$/, 'a path such as /jobs'),
    trustedProxies: readTrustedProxies(env, read),
    auth,
    rateLimit: readRateLimit(read),
    proxies: readIssuerProxies(env, auth, upstream, problems),
    upstream,
    redis: readRedis(env, upstream, problems),
    callsPerSecond: read.integer('ICE_CALLS_PER_SECOND'),
    maxConcurrency: read.integer('ICE_MAX_CONCURRENCY'),
    attemptTimeoutMs: read.integer('ICE_TIMEOUT_MS'),
    operationTimeoutMs: read.integer('REQUEST_TIMEOUT_MS'),
    freshness: readFreshness(read),
    maxJobs: read.integer('CACHE_MAX_JOBS'),
    answersMaxBytes: 1024 * 1024 * read.integer('ANSWERS_MAX_MB'),
    isJitOn: read.oneOf('JIT', OTHERS.JIT.values) !== 'off',
    isListBatchingOn: read.oneOf('ICE_LIST_BATCHING', OTHERS.ICE_LIST_BATCHING.values) !== 'off',
    allowSubmit: read.boolean('ALLOW_SUBMIT', upstream.kind === 'emulator'),
    persistedOperations,
    persistedOnly,
    pollInterval: readPollInterval(read, problems),
    watchShare: readWatchShare(read),
    streams: {
      max: read.integer('MAX_STREAMS'),
      maxPerClient: read.integer('MAX_STREAMS_PER_ADDRESS'),
      keepAliveMs: read.integer('STREAM_KEEPALIVE_MS'),
    },
    corsOrigins: readOrigins(env, read, problems) ?? (production ? [] : 'loopback'),
    metrics: readMetrics(read, host),
    tracing: readTracing(read),
    ide,
    // The IDE documents the schema.
    introspection: read.boolean('INTROSPECTION', ide || !production),
    logLevel: read.oneOf('LOG_LEVEL', OTHERS.LOG_LEVEL.values) ?? OTHERS.LOG_LEVEL.default,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readIssuerProxies(
  env: Environment,
  auth: AuthConfig | undefined,
  upstream: UpstreamConfig,
  problems: string[],
): Config['proxies'] {
  if (auth === undefined || auth.isLocal) return undefined;
  return upstream.kind === 'ice' ? upstream.proxies : readProxies(env, problems);
}

function readFreshness(read: Reader): Config['freshness'] {
  return {
    unfinishedMs: read.integer('JOB_MAX_AGE_MS'),
    finishedMs: 1000 * read.integer('FINISHED_JOB_MAX_AGE_S'),
    missingMs: read.integer('MISSING_JOB_MAX_AGE_MS'),
    staleIfErrorMs: 1000 * read.integer('STALE_IF_ERROR_S'),
  };
}

/** Traces are only made where somebody takes them. */
function readTracing(read: Reader): Config['tracing'] {
  const isOff = read.boolean('OTEL_SDK_DISABLED', false);
  const chosen = read.oneOf('OTEL_TRACES_EXPORTER', OTHERS.OTEL_TRACES_EXPORTER.values);
  const base = read.text('OTEL_EXPORTER_OTLP_ENDPOINT', HTTP_URL, 'an http or https URL');
  const own = read.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', HTTP_URL, 'an http or https URL');
  const serviceName = read.text('OTEL_SERVICE_NAME', /./, 'a text') ?? OTHERS.OTEL_SERVICE_NAME.default;
  const sampler =
    read.oneOf('OTEL_TRACES_SAMPLER', OTHERS.OTEL_TRACES_SAMPLER.values) ??
    OTHERS.OTEL_TRACES_SAMPLER.default;
  const ratio = read.text('OTEL_TRACES_SAMPLER_ARG', /^(?:0|1|0?\.\d+|1\.0+)$/, 'a number from 0 to 1');
  const url = own ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
  const exporter = chosen ?? (url === undefined ? 'none' : 'otlp');
  if (isOff || exporter === 'none') return undefined;
  return { exporter, url, serviceName, sampler, ratio: Number(ratio ?? 1) };
}

const HTTP_URL = /^https?:\/\/[^\s/]+\S*$/;

/** An address of IPv6 may be in brackets. */
function readHostName(read: Reader, name: 'HOST' | 'METRICS_HOST'): string | undefined {
  return read.text(name, /^[^\s/]+$/, 'a host name or an IP address')?.replace(/^\[(.*)\]$/, '$1');
}

function readMetrics(read: Reader, host: string): Config['metrics'] {
  const port = read.integer('METRICS_PORT');
  const metricsHost = readHostName(read, 'METRICS_HOST') ?? host;
  return port === 0 ? undefined : { host: metricsHost, port };
}

function readPollInterval(read: Reader, problems: string[]): Config['pollInterval'] {
  const minMs = read.integer('POLL_MIN_MS');
  const maxMs = read.integer('POLL_MAX_MS');
  if (minMs > maxMs)
    problems.push(`POLL_MIN_MS (${String(minMs)}) must not exceed POLL_MAX_MS (${String(maxMs)})`);
  return { minMs, maxMs };
}

function readRateLimit(read: Reader): Config['rateLimit'] {
  const pattern = /^(?:[1-9]\d{0,8})\/(?:[1-9]\d{0,3}|[1-7]\d{4}|8[0-5]\d{3}|86[0-3]\d{2}|86400)$/;
  const expected = '<cost>/<seconds> such as 10000/60, 1 to 999999999 in 1 to 86400 s';
  const [cost, seconds] = read.text('RATE_LIMIT', pattern, expected)?.split('/') ?? [];
  return cost === undefined || seconds === undefined
    ? undefined
    : { cost: Number(cost), seconds: Number(seconds) };
}

function readWatchShare(read: Reader): number {
  const pattern = /^(?:1|0\.(?:0[1-9]|[1-9])\d{0,6})$/;
  return Number(read.text('WATCH_SHARE', pattern, 'a number from 0.01 to 1') ?? OTHERS.WATCH_SHARE.default);
}

/** @param mustBeSet whether a browser or a proxy may come by other names than those of this machine */
function readAllowedHosts(
  env: Environment,
  read: Reader,
  auth: AuthConfig | undefined,
  mustBeSet: boolean,
  problems: string[],
): Config['allowedHosts'] {
  if (env['ALLOWED_HOSTS'] === '*') return 'any';
  // A page of another site has no token, so that it gets nothing by a name of its own.
  if (auth !== undefined && env['ALLOWED_HOSTS'] === undefined) return 'any';
  if (mustBeSet && env['ALLOWED_HOSTS'] === undefined) {
    problems.push(
      'ALLOWED_HOSTS must be set with NODE_ENV=production, or a HOST that others can reach: ' +
        'the host names that requests are made to, such as jobs.example.com, separated by commas; * says any',
    );
  }
  const expected = '* or host names such as jobs.example.com, without a port';
  return read.list('ALLOWED_HOSTS', readHost, expected) ?? 'loopback';
}

function readTrustedProxies(env: Environment, read: Reader): Config['trustedProxies'] {
  const count = env['TRUST_PROXY'] ?? '';
  if (/^(?:[1-9]|[12]\d|3[0-2])$/.test(count)) return Number(count);
  const expected = 'the number of proxies, 1 to 32, or their addresses such as 10.0.0.0/8';
  return read.list('TRUST_PROXY', readNetwork, expected) ?? 0;
}

function readOrigins(env: Environment, read: Reader, problems: string[]): readonly string[] | undefined {
  if (/\*./.test(env['CORS_ORIGINS'] ?? '')) {
    const value = JSON.stringify(env['CORS_ORIGINS']);
    problems.push(
      `CORS_ORIGINS takes no wildcards: name each origin, such as https://app.example.com, got ${value}`,
    );
    return undefined;
  }
  return read.list('CORS_ORIGINS', readOrigin, 'origins such as https://app.example.com');
}
