import { Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from '../redis-config.ts';

/** Limit for a connection to be made, and again for Redis to greet on it, in milliseconds. */
const CONNECT_MS = 1000;
/** The longest wait before the next try to connect, in milliseconds. */
const MAX_RETRY_MS = 1000;

/**
 * Opens a connection that comes back by itself. A command fails when the connection breaks or is not there: whether it ran is
 * not known then, and it is not sent again.
 *
 * @param options differ from that
 */
export function createClient(address: RedisAddress, options: RedisOptions = {}): Redis {
  const settings: RedisOptions = {
    ...locationOf(address),
    username: address.username,
    password: address.password,
    db: address.database,
    connectionName: 'package-job-gateway',
    connectTimeout: CONNECT_MS,
    disconnectTimeout: CONNECT_MS / 2,
    // Many replicas lose their connections at once.
    retryStrategy: (tries) => Math.min(50 * 2 ** (tries - 1), MAX_RETRY_MS) * (0.5 + Math.random() / 2),
    // After a failover the former master says that.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    ...options,
  };
  const client = new Redis({ ...settings, replyMapping: 'legacy' });
  // It is written to the console where nobody listens.
  client.on('error', () => undefined);
  replaceWhenSilent(client);
  return client;
}

function locationOf({ nodes, sentinelGroup, isTls }: RedisAddress): RedisOptions {
  const tls = isTls ? {} : undefined;
  if (sentinelGroup === undefined) return { ...nodes[0], tls };
  return {
    sentinels: [...nodes],
    name: sentinelGroup,
    tls,
    sentinelTLS: tls,
    enableTLSForSentinelMode: isTls,
  };
}

/** The library waits for the greeting without a limit: of a server that hangs, or of a network that swallows everything. */
function replaceWhenSilent(client: Redis): void {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  client.on('connect', () => {
    stop();
    timer = setTimeout(() => {
      client.emit('error', Object.assign(new Error('Redis does not greet'), { code: 'ETIMEDOUT' }));
      client.disconnect(true);
    }, CONNECT_MS);
    timer.unref();
  });
  client.on('ready', stop).on('close', stop).on('end', stop);
}
