import { isLoopback } from './loopback.ts';

/** Keys to sign calls with, and how ICE is reached. */
export type UpstreamConfig =
  | { readonly kind: 'emulator' }
  | {
      readonly kind: 'ice';
      readonly endpoint: URL;
      /** `undefined` leaves it to the official default chain. */
      readonly credentials:
        | { readonly accessKeyId: string; readonly accessKeySecret: string; readonly securityToken?: string }
        | undefined;
    };

/** Everything that can be set from outside, checked. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly upstream: UpstreamConfig;
  readonly callsPerSecond: number;
  readonly maxConcurrency: number;
  /** Limit of one attempt of one call, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Limit of one GraphQL operation, in milliseconds. */
  readonly operationTimeoutMs: number;
  /** How old a state may be when it is served, in milliseconds; see `jobs/freshness`. */
  readonly freshness: {
    readonly unfinishedMs: number;
    readonly finishedMs: number;
    readonly missingMs: number;
    readonly staleIfErrorMs: number;
  };
  /** Most jobs remembered. */
  readonly maxJobs: number;
  /** Most bytes of finished answers that are kept; 0 keeps none. */
  readonly answersMaxBytes: number;
  /** Whether queries that come again are compiled. */
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
  /** WebSockets and event streams; see `server/streams`. */
  readonly streams: { readonly max: number; readonly maxPerClient: number; readonly keepAliveMs: number };
  /** Origins that browsers may call from; `loopback` is every http(s) origin on this machine. */
  readonly corsOrigins: 'loopback' | readonly string[];
  readonly ide: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

/** All that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n  ${problems.join('\n  ')}`);
  }
}

/** The regions ICE has, each at `ice.<region>.aliyuncs.com`; there is no global endpoint. */
export const ICE_REGIONS = [
  'cn-shanghai',
  'cn-beijing',
  'cn-hangzhou',
  'cn-shenzhen',
  'ap-southeast-1',
  'us-west-1',
] as const;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks every variable.
 *
 * @throws {ConfigError} once, with all that is wrong; it never holds the value of a secret
 */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = reader(env, problems);

  const production = env['NODE_ENV'] === 'production';
  const host = (read.text('HOST', /^[^\s/]+$/, 'a host name or an IP address') ?? '127.0.0.1').replace(
    /^\[(.*)\]$/,
    '$1',
  );
  const upstream = readUpstream(env, read, production, problems);
  read.oneOf('AUTH', ['none']);
  if (upstream.kind === 'ice' && !isLoopback(host) && env['AUTH'] === undefined) {
    problems.push(
      `HOST ${JSON.stringify(host)} opens your ICE account to the network: say AUTH=none if that is meant, or use 127.0.0.1`,
    );
  }
  const minMs = read.integer('POLL_MIN_MS', 1000, 100, 60_000);
  const maxMs = read.integer('POLL_MAX_MS', 15_000, 100, 600_000);
  if (minMs > maxMs)
    problems.push(`POLL_MIN_MS (${String(minMs)}) must not exceed POLL_MAX_MS (${String(maxMs)})`);

  const persistedOperations = read.text('PERSISTED_OPERATIONS', /./, 'the path of a manifest');
  const persistedOnly = read.boolean('PERSISTED_ONLY', false);
  if (persistedOnly && persistedOperations === undefined) {
    problems.push('PERSISTED_ONLY needs PERSISTED_OPERATIONS: without a manifest nothing could run');
  }

  const config: Config = {
    production,
    host,
    port: read.integer('PORT', 4000, 0, 65_535),
    upstream,
    callsPerSecond: read.integer('ICE_CALLS_PER_SECOND', 50, 1, 10_000),
    maxConcurrency: read.integer('ICE_MAX_CONCURRENCY', 32, 1, 1000),
    attemptTimeoutMs: read.integer('ICE_TIMEOUT_MS', 5000, 10, 60_000),
    operationTimeoutMs: read.integer('REQUEST_TIMEOUT_MS', 10_000, 10, 300_000),
    freshness: {
      unfinishedMs: read.integer('JOB_MAX_AGE_MS', 1000, 100, 60_000),
      finishedMs: 1000 * read.integer('FINISHED_JOB_MAX_AGE_S', 86_400, 1, 31_536_000),
      missingMs: read.integer('MISSING_JOB_MAX_AGE_MS', 1000, 100, 60_000),
      staleIfErrorMs: 1000 * read.integer('STALE_IF_ERROR_S', 60, 0, 86_400),
    },
    maxJobs: read.integer('CACHE_MAX_JOBS', 100_000, 100, 10_000_000),
    answersMaxBytes: 1024 * 1024 * read.integer('ANSWERS_MAX_MB', 64, 0, 4096),
    isJitOn: read.oneOf('JIT', ['on', 'off']) !== 'off',
    isListBatchingOn: read.oneOf('ICE_LIST_BATCHING', ['on', 'off']) !== 'off',
    allowSubmit: read.boolean('ALLOW_SUBMIT', upstream.kind === 'emulator'),
    persistedOperations,
    persistedOnly,
    pollInterval: { minMs, maxMs },
    streams: {
      max: read.integer('MAX_STREAMS', 10_000, 1, 1_000_000),
      maxPerClient: read.integer('MAX_STREAMS_PER_ADDRESS', 1000, 1, 1_000_000),
      keepAliveMs: read.integer('STREAM_KEEPALIVE_MS', 12_000, 100, 60_000),
    },
    corsOrigins: read.origins('CORS_ORIGINS') ?? (production ? [] : 'loopback'),
    ide: read.boolean('IDE', !production),
    introspection: read.boolean('INTROSPECTION', !production),
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readUpstream(
  env: Environment,
  read: Reader,
  production: boolean,
  problems: string[],
): UpstreamConfig {
  const accessKeyId = read.secret('ALIBABA_CLOUD_ACCESS_KEY_ID');
  const accessKeySecret = read.secret('ALIBABA_CLOUD_ACCESS_KEY_SECRET');
  const securityToken = read.secret('ALIBABA_CLOUD_SECURITY_TOKEN');
  const region = read.oneOf('ICE_REGION', ICE_REGIONS, 'set ICE_ENDPOINT for any other');
  const endpoint = read.endpoint('ICE_ENDPOINT');
  const kind = read.oneOf('UPSTREAM', ['emulator', 'ice']);

  if ((accessKeyId === undefined) !== (accessKeySecret === undefined)) {
    problems.push('ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET must be set together');
  }
  if (securityToken !== undefined && accessKeyId === undefined) {
    problems.push('ALIBABA_CLOUD_SECURITY_TOKEN needs ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET');
  }
  if (production && env['UPSTREAM'] === undefined) {
    problems.push('UPSTREAM must be set with NODE_ENV=production: emulator or ice');
  }
  const named = [
    'ICE_ENDPOINT',
    'ICE_REGION',
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  ];
  const isIce = kind === undefined ? named.some((name) => env[name] !== undefined) : kind === 'ice';
  if (!isIce) return { kind: 'emulator' };
  return {
    kind: 'ice',
    endpoint: endpoint ?? new URL(`https://ice.${region ?? 'cn-shanghai'}.aliyuncs.com`),
    credentials:
      accessKeyId === undefined || accessKeySecret === undefined
        ? undefined
        : { accessKeyId, accessKeySecret, ...(securityToken === undefined ? {} : { securityToken }) },
  };
}

type Reader = ReturnType<typeof reader>;

/** Reads variables by kind. Each gives `undefined`, or its fallback, when the variable is not set or is wrong. */
function reader(env: Environment, problems: string[]) {
  const reject = (name: string, expected: string, value: string): undefined => {
    problems.push(
      `${name} must be ${expected}, got ${value === '' ? 'an empty value' : JSON.stringify(value)}`,
    );
  };
  const text = (name: string, pattern: RegExp, expected: string): string | undefined => {
    const value = env[name];
    if (value === undefined || pattern.test(value)) return value;
    return reject(name, expected, value);
  };
  return {
    text,
    integer(name: string, fallback: number, min: number, max: number): number {
      const value = env[name];
      if (value === undefined) return fallback;
      if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
      reject(name, `an integer from ${String(min)} to ${String(max)}`, value);
      return fallback;
    },
    boolean(name: string, fallback: boolean): boolean {
      const value = text(name, /^(true|false)$/, 'true or false');
      return value === undefined ? fallback : value === 'true';
    },
    oneOf<const T extends string>(name: string, known: readonly T[], hint?: string): T | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const found = known.find((item) => item === value);
      return (
        found ?? reject(name, `one of ${known.join(', ')}${hint === undefined ? '' : ` (${hint})`}`, value)
      );
    },
    secret(name: string): string | undefined {
      const value = env[name];
      if (value === undefined || /^[\x21-\x7e]+$/.test(value)) return value;
      problems.push(
        `${name} must be ${value === '' ? 'set to a value or left out' : 'free of spaces and line ends'}`,
      );
      return undefined;
    },
    /** Scheme, host and port. */
    endpoint(name: string): URL | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const url = URL.parse(value);
      const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
      if (url !== null && secure && url.href === `${url.origin}/`) return url;
      // A URL may hold a password, so it is not shown.
      problems.push(
        `${name} must be an https origin such as https://ice.cn-shanghai.aliyuncs.com (http on loopback)`,
      );
      return undefined;
    },
    origins(name: string): readonly string[] | undefined {
      const value = env[name];
      if (value === undefined) return undefined;
      const origins = value.split(',').map((origin) => origin.trim());
      if (origins.every((origin) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin))
        return origins;
      return reject(name, 'origins such as https://app.example.com, separated by commas', value);
    },
  };
}
