import { INTEGERS, OTHERS, type IntegerVariable, type OtherVariable } from '../src/variables.ts';

/** What the chart sets by itself, or by values of its own. */
const OF_THE_CHART: ReadonlySet<string> = new Set([
  'PORT',
  'METRICS_PORT',
  'METRICS_HOST',
  'NODE_ENV',
  'PERSISTED_OPERATIONS',
  'REDIS_URL',
]);

/** What only a Secret may hold. */
const SECRETS: ReadonlySet<string> = new Set([
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
  'CURSOR_SECRET',
]);

/** URLs that may hold a password. With one they are secrets. */
const WITHOUT_PASSWORD: ReadonlySet<string> = new Set([
  'ALIBABA_CLOUD_CREDENTIALS_URI',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'ALL_PROXY',
]);

/** Variables that take several of their values, separated by commas. */
const LISTS: ReadonlySet<string> = new Set(['JWT_ALGORITHMS', 'SCOPE_DEFAULT']);

/** What the gateway refuses in production. */
const FOR_DEVELOPMENT: ReadonlySet<string> = new Set(['local']);

type Schema = Readonly<Record<string, unknown>>;

/** The JSON schema of the chart's values. It has each of the gateway's variables that is no secret, and no other name. */
export function chartSchema(): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart package-job-gateway',
    ...closed({ ...GENERAL, config: configSchema(), ...POD }),
  };
}

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const texts: Schema = { type: 'object', additionalProperties: text };
const anything: Schema = { type: 'object' };
const list: Schema = { type: 'array', items: anything };

/** An object without other members than these. */
function closed(properties: Readonly<Record<string, unknown>>, more: Schema = {}): Schema {
  return { type: 'object', additionalProperties: false, properties, ...more };
}

/** An object that says, once it is on, what else must be set. */
function closedSwitch(properties: Readonly<Record<string, Schema>>, needed: readonly string[]): Schema {
  return closed(
    { enabled: flag, ...properties },
    {
      if: { properties: { enabled: { const: true } } },
      // oxlint-disable-next-line unicorn/no-thenable -- it is JSON schema's own name
      then: { properties: Object.fromEntries(needed.map((name) => [name, { minLength: 1 }])) },
    },
  );
}

const GENERAL: Readonly<Record<string, Schema>> = {
  // Helm adds it.
  global: anything,
  existingSecret: text,
  redis: closedSwitch({ existingSecret: text, key: text, port: whole(1, 65_535) }, ['existingSecret', 'key']),
  persistedOperations: closed({ existingConfigMap: text, key: { type: 'string', pattern: '^[\\w.-]+$' } }),
  image: closed({
    repository: { type: 'string', minLength: 1 },
    tag: text,
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
    pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
  }),
  imagePullSecrets: { type: 'array', items: closed({ name: text }) },
  replicaCount: whole(0, 1000),
  autoscaling: closed({
    enabled: flag,
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    targetCPUUtilizationPercentage: whole(1, 1000),
  }),
  podDisruptionBudget: closed({
    enabled: flag,
    maxUnavailable: { type: ['integer', 'string'], pattern: '^[0-9]+%$', minimum: 1 },
  }),
  resources: closed({ requests: anything, limits: anything, claims: list }),
  preStopSeconds: whole(0, 300),
  service: closed({
    type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
    port: whole(1, 65_535),
    annotations: texts,
  }),
  ingress: closedSwitch({ className: text, annotations: texts, host: text, tlsSecretName: text }, ['host']),
  networkPolicy: closed({
    enabled: flag,
    clients: list,
    scrapers: list,
    https: list,
    redis: list,
    otlp: list,
    instanceMetadata: flag,
    egress: list,
  }),
  monitoring: closed({
    serviceMonitor: closed({
      enabled: flag,
      interval: { type: 'string', pattern: '^\\d+(ms|s|m)$' },
      labels: texts,
    }),
    rules: closed({ enabled: flag, labels: texts, runbookBaseUrl: text }),
    dashboard: closed({ enabled: flag, labels: texts }),
  }),
};

const POD: Readonly<Record<string, Schema>> = {
  serviceAccount: closed({ create: flag, name: text, annotations: texts }),
  nameOverride: text,
  fullnameOverride: text,
  podAnnotations: texts,
  podLabels: texts,
  priorityClassName: text,
  nodeSelector: texts,
  tolerations: list,
  affinity: anything,
  topologySpreadConstraints: list,
  extraEnv: list,
  extraVolumes: list,
  extraVolumeMounts: list,
};

/** The gateway's own rules of what must be set are told before anything is installed. */
function configSchema(): Schema {
  const variables = Object.entries<IntegerVariable | OtherVariable>({ ...INTEGERS, ...OTHERS })
    .filter(([name]) => !OF_THE_CHART.has(name) && !SECRETS.has(name))
    .map(([name, variable]) => [name, variableSchema(name, variable)] as const);
  return closed(Object.fromEntries(variables), {
    required: ['UPSTREAM', 'AUTH'],
    if: { properties: { AUTH: { const: 'jwt' } }, required: ['AUTH'] },
    // oxlint-disable-next-line unicorn/no-thenable -- it is JSON schema's own name
    then: { required: ['JWT_ISSUER', 'JWT_AUDIENCE'] },
    else: { required: ['ALLOWED_HOSTS'] },
  });
}

function variableSchema(name: string, variable: IntegerVariable | OtherVariable): Schema {
  if ('min' in variable) return { ...whole(variable.min, variable.max), default: variable.default };
  const { values } = variable;
  if (WITHOUT_PASSWORD.has(name)) return { type: 'string', not: { pattern: '@' }, description: values };
  if (typeof values === 'string')
    return { type: ['string', 'number'], pattern: '^\\s*\\S', description: values };
  if (LISTS.has(name)) return { type: 'string', pattern: `^(${values.join('|')}|,)+$` };
  return values.includes('true') ? flag : { enum: values.filter((value) => !FOR_DEVELOPMENT.has(value)) };
}
