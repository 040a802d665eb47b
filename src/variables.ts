/** An integer and its range. */
export interface IntegerVariable {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** A variable of another kind. */
export interface OtherVariable {
  /** The default, as documented. `undefined`: it has none. A text in words stands for a default that depends on others. */
  readonly default: string | undefined;
  /** The accepted values, or what they must be. */
  readonly values: string | readonly string[];
}

const SWITCH = ['on', 'off'] as const;
const BOOLEAN = ['true', 'false'] as const;

/** The algorithms of tokens that can be accepted. All of them are asymmetric. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** What a token can allow. */
export const SCOPES = ['jobs:read', 'jobs:submit'] as const;

/** The regions of ICE. Each is at `ice.<region>.aliyuncs.com`. There is no global endpoint. */
export const ICE_REGIONS = [
  'cn-shanghai',
  'cn-beijing',
  'cn-hangzhou',
  'cn-shenzhen',
  'ap-southeast-1',
  'us-west-1',
] as const;

/** Every integer that can be set from outside. */
export const INTEGERS = {
  PORT: { default: 4000, min: 0, max: 65_535 },
  ICE_CALLS_PER_SECOND: { default: 50, min: 1, max: 10_000 },
  ICE_MAX_CONCURRENCY: { default: 32, min: 1, max: 1000 },
  ICE_TIMEOUT_MS: { default: 5000, min: 10, max: 60_000 },
  REQUEST_TIMEOUT_MS: { default: 10_000, min: 10, max: 300_000 },
  JOB_MAX_AGE_MS: { default: 1000, min: 100, max: 60_000 },
  FINISHED_JOB_MAX_AGE_S: { default: 86_400, min: 1, max: 31_536_000 },
  MISSING_JOB_MAX_AGE_MS: { default: 1000, min: 100, max: 60_000 },
  STALE_IF_ERROR_S: { default: 60, min: 0, max: 86_400 },
  CACHE_MAX_JOBS: { default: 100_000, min: 100, max: 10_000_000 },
  ANSWERS_MAX_MB: { default: 64, min: 0, max: 4096 },
  POLL_MIN_MS: { default: 1000, min: 100, max: 60_000 },
  POLL_MAX_MS: { default: 15_000, min: 100, max: 600_000 },
  MAX_STREAMS: { default: 10_000, min: 1, max: 1_000_000 },
  MAX_STREAMS_PER_ADDRESS: { default: 1000, min: 1, max: 1_000_000 },
  JWT_CLOCK_SKEW_S: { default: 30, min: 0, max: 300 },
  STREAM_KEEPALIVE_MS: { default: 12_000, min: 100, max: 60_000 },
  METRICS_PORT: { default: 9464, min: 0, max: 65_535 },
} as const satisfies Record<string, IntegerVariable>;

/** Every variable of another kind that can be set from outside. */
export const OTHERS = {
  HOST: { default: '127.0.0.1', values: 'a host name or an IP address' },
  METRICS_HOST: { default: 'HOST', values: 'a host name or an IP address' },
  NODE_ENV: { default: undefined, values: 'production, or anything else' },
  AUTH: { default: undefined, values: ['none', 'jwt', 'local'] },
  JWT_ISSUER: { default: undefined, values: 'issuers, as tokens have them' },
  JWT_AUDIENCE: { default: undefined, values: 'as many audiences' },
  JWT_AUDIENCE_CLAIM: { default: 'aud', values: 'as many names of claims' },
  JWT_JWKS_URL: { default: 'the discovery document of the issuer tells it', values: 'as many https URLs' },
  JWT_ALGORITHMS: {
    default: 'RS256,PS256,ES256,ES384,EdDSA',
    values: ALGORITHMS,
  },
  SCOPE_CLAIM: { default: 'scope', values: 'the name of a claim' },
  SCOPE_PREFIX: { default: undefined, values: 'a text such as package-jobs/' },
  SCOPE_DEFAULT: { default: undefined, values: SCOPES },
  JOBS_CLAIM: { default: 'job_ids', values: 'the name of a claim' },
  OWNER_CLAIM: { default: undefined, values: 'the name of a claim' },
  OWNER_FIELD: { default: undefined, values: 'the name of a member' },
  RATE_LIMIT: { default: undefined, values: '<cost>/<seconds>' },
  CURSOR_SECRET: {
    default: 'derived from the access key; random without one',
    values: 'a text of 16 characters or more',
  },
  UPSTREAM: {
    default: 'ice if ICE_ENDPOINT, ICE_REGION, an access key or a source of keys is set, else emulator',
    values: ['emulator', 'ice'],
  },
  ICE_REGION: { default: 'cn-shanghai', values: ICE_REGIONS },
  ALIBABA_CLOUD_REGION_ID: { default: undefined, values: 'a region of ICE' },
  ICE_ENDPOINT: {
    default: 'https://ice.<region>.aliyuncs.com',
    values: 'an https origin (http on loopback)',
  },
  ALIBABA_CLOUD_ACCESS_KEY_ID: { default: undefined, values: 'a text' },
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: { default: undefined, values: 'a text' },
  ALIBABA_CLOUD_SECURITY_TOKEN: { default: undefined, values: 'a text' },
  ALIBABA_CLOUD_ROLE_ARN: { default: undefined, values: 'the ARN of a RAM role' },
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: { default: undefined, values: 'the ARN of an identity provider' },
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: { default: undefined, values: 'the path of a token' },
  ALIBABA_CLOUD_ROLE_SESSION_NAME: { default: 'package-job-gateway', values: 'a text' },
  ALIBABA_CLOUD_STS_REGION: { default: undefined, values: 'a region of STS' },
  ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: { default: 'false', values: BOOLEAN },
  ALIBABA_CLOUD_PROFILE: { default: undefined, values: 'the name of a profile' },
  ALIBABA_CLOUD_CLI_PROFILE_DISABLED: { default: 'false', values: BOOLEAN },
  ALIBABA_CLOUD_CREDENTIALS_FILE: {
    default: '~/.alibabacloud/credentials',
    values: 'the path of an ini file',
  },
  ALIBABA_CLOUD_ECS_METADATA: { default: undefined, values: 'the name of a RAM role' },
  ALIBABA_CLOUD_ECS_METADATA_DISABLED: { default: 'false', values: BOOLEAN },
  ALIBABA_CLOUD_CREDENTIALS_URI: { default: undefined, values: 'an http or https URL' },
  HTTPS_PROXY: { default: undefined, values: 'an http or https URL' },
  HTTP_PROXY: { default: undefined, values: 'an http or https URL' },
  ALL_PROXY: { default: undefined, values: 'an http or https URL' },
  NO_PROXY: { default: undefined, values: 'hosts and networks, or *' },
  REDIS_URL: { default: undefined, values: 'a redis, rediss or redis+sentinel URL' },
  REDIS_NAMESPACE: {
    default: 'derived from the access key or the role',
    values: 'a name that all replicas of one account have',
  },
  WATCH_SHARE: { default: '0.25', values: '0.01–1' },
  JIT: { default: 'on', values: SWITCH },
  ICE_LIST_BATCHING: { default: 'on', values: SWITCH },
  ALLOW_SUBMIT: { default: 'true with the emulator, false with ICE', values: BOOLEAN },
  PERSISTED_OPERATIONS: { default: undefined, values: 'the path of a manifest' },
  PERSISTED_ONLY: { default: 'false', values: BOOLEAN },
  ALLOWED_HOSTS: {
    default: 'loopback names on a loopback HOST in development; any with AUTH=jwt; otherwise it must be set',
    values: 'host names, or *',
  },
  PATH_PREFIX: { default: undefined, values: 'a path such as /jobs' },
  TRUST_PROXY: { default: undefined, values: '1–32, or addresses' },
  CORS_ORIGINS: {
    default: 'in development every origin on this machine, in production none',
    values: 'origins',
  },
  IDE: { default: 'true in development, false in production', values: BOOLEAN },
  INTROSPECTION: { default: 'true in development and with IDE=true, otherwise false', values: BOOLEAN },
  OTEL_SDK_DISABLED: { default: 'false', values: BOOLEAN },
  OTEL_TRACES_EXPORTER: {
    default: 'otlp if an endpoint is set, else none',
    values: ['otlp', 'console', 'none'],
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: { default: undefined, values: 'an http or https URL' },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { default: undefined, values: 'an http or https URL' },
  OTEL_SERVICE_NAME: { default: 'package-job-gateway', values: 'a text' },
  OTEL_TRACES_SAMPLER: {
    default: 'parentbased_always_on',
    values: [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
  },
  OTEL_TRACES_SAMPLER_ARG: { default: '1', values: 'a number from 0 to 1' },
  LOG_LEVEL: { default: 'info', values: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] },
} as const satisfies Record<string, OtherVariable>;

export type IntegerName = keyof typeof INTEGERS;
export type VariableName = IntegerName | keyof typeof OTHERS;
