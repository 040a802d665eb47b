import type { Environment } from './environment.ts';
import type { UpstreamConfig } from './upstream-config.ts';

/** Where Redis is. */
export interface RedisAddress {
  /** The server. With a `sentinelGroup` these are its sentinels. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** The name of the group of servers that the sentinels watch. `undefined`: there are no sentinels. */
  readonly sentinelGroup: string | undefined;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** What replicas share, and where. */
export interface RedisConfig {
  readonly address: RedisAddress;
  /** What all replicas of one account have in common, and no others. It is not to be shown. */
  readonly account: string;
}

/** Scheme, `user:password@`, hosts, and a path. */
const URL_FORM = /^(rediss?)(\+sentinel)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/i;
const HOST_FORM = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;

/** The password of a URL is in it, so no problem shows one. */
export function readRedis(
  env: Environment,
  upstream: UpstreamConfig,
  problems: string[],
): RedisConfig | undefined {
  const text = env['REDIS_URL'];
  const namespace = env['REDIS_NAMESPACE'];
  if (namespace !== undefined && !/\S/.test(namespace)) {
    problems.push('REDIS_NAMESPACE must be set to a value or left out');
  }
  if (text === undefined) return undefined;
  const address = readAddress(text, problems);
  const account = namespace?.trim() ?? accountOf(upstream);
  if (account === undefined) {
    problems.push(
      'REDIS_URL needs REDIS_NAMESPACE, a name that all replicas of one account have: ' +
        'the keys come from a source that does not tell the account',
    );
  }
  return address === undefined || account === undefined ? undefined : { address, account };
}

/** Keys that are replaced every hour tell nothing that lasts. A role tells its account. */
function accountOf(upstream: UpstreamConfig): string | undefined {
  // Each process has an emulator of its own, with a port of its own.
  if (upstream.kind === 'emulator') return 'emulator';
  const { credentials, keySettings } = upstream;
  if (credentials !== undefined) {
    return credentials.securityToken === undefined ? credentials.accessKeyId : undefined;
  }
  return /^acs:ram::(\d+):/.exec(keySettings.oidc?.roleArn ?? '')?.[1];
}

function readAddress(text: string, problems: string[]): RedisAddress | undefined {
  const reject = (problem: string): undefined => void problems.push(`REDIS_URL ${problem}`);
  const [match, scheme = '', sentinel, userInfo = '', hosts = '', path = ''] = URL_FORM.exec(text) ?? [];
  if (match === undefined) {
    return reject(
      'must be a URL such as redis://redis.example.com:6379/0, rediss://… for TLS, or ' +
        'redis+sentinel://host:26379,host:26379/group; special characters of a password are percent-encoded',
    );
  }
  const isSentinel = sentinel !== undefined;
  const nodes = readNodes(hosts, isSentinel ? 26_379 : 6379);
  if (nodes === undefined) return reject('must have hosts with ports from 1 to 65535');
  if (!isSentinel && nodes.length > 1) return reject('must have one host: several are for redis+sentinel://');
  const user = readUser(userInfo);
  if (user === undefined) return reject('must have a user and password that are percent-encoded');
  const [group, number = '', ...more] = isSentinel ? path.split('/') : [undefined, path];
  if (group === '') return reject('must name the group of servers that the sentinels watch, as its path');
  if (more.length > 0 || !/^\d{0,5}$/.test(number)) {
    return reject('must end with the number of a database from 0 to 99999, or with none');
  }
  return {
    nodes,
    sentinelGroup: group,
    isTls: scheme.toLowerCase() === 'rediss',
    ...user,
    database: Number(number),
  };
}

function readNodes(hosts: string, defaultPort: number): RedisAddress['nodes'] | undefined {
  const nodes = hosts.split(',').map((text) => {
    const [match, host = '', port] = HOST_FORM.exec(text) ?? [];
    return { host: host.replace(/^\[(.*)\]$/, '$1'), port: match ? Number(port ?? defaultPort) : 0 };
  });
  return nodes.every(({ port }) => port >= 1 && port <= 65_535) ? nodes : undefined;
}

function readUser(userInfo: string): Pick<RedisAddress, 'username' | 'password'> | undefined {
  const [username = '', ...rest] = userInfo.split(':');
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(rest.join(':')) || undefined,
    };
  } catch {
    return undefined;
  }
}
