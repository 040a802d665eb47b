import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type OutgoingHttpHeaders } from 'node:http';
import { connect, createServer, isIPv4, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeFolder } from '../../support/folder.ts';
import { findProgram } from '../../support/program.ts';

export const nginx = findProgram({
  name: 'nginx',
  candidates: ['nginx', '/usr/sbin/nginx'],
  install: 'apt-get install --yes nginx',
});

/** An answer as it came out of the cache, unread. */
export interface CachedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What the cache did, such as `MISS`, `HIT`, `EXPIRED` or `REVALIDATED`. */
  readonly cache: string | undefined;
}

/** Sends a request through a shared HTTP cache. */
export type SendThroughCache = (
  method: string,
  path: string,
  headers?: OutgoingHttpHeaders,
) => Promise<CachedAnswer>;

/** @param http what is in the block `http`, besides what keeps nginx in its folder */
const configuration = (folder: string, http: string) => `
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/client;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${http}
}
`;

/** Nothing here says what may be stored, by whom or for how long: that is told by the answers alone. */
const sharedCache = (folder: string, upstream: URL) => `
  proxy_cache_path ${folder}/cache keys_zone=answers:1m;
  server {
    listen unix:${folder}/http;
    location / {
      proxy_pass http://${upstream.host};
      proxy_http_version 1.1;
      proxy_cache answers;
      proxy_cache_revalidate on;
      add_header x-cache $upstream_cache_status always;
    }
  }
`;

/**
 * As proxies are usually set up, with connections to the gateway that are used again. The address of a client is what the line
 * of the PROXY protocol says that its connection begins with.
 */
const reverseProxy = (folder: string, upstream: URL) => `
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream gateway {
    server ${upstream.host};
    keepalive 64;
  }
  server {
    listen unix:${folder}/http proxy_protocol backlog=1024;
    set_real_ip_from unix:;
    real_ip_header proxy_protocol;
    location / {
      proxy_pass http://gateway;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
`;

/** The paths of the gateway are under a prefix, which nginx takes off or leaves. */
const prefixed = (prefix: string, isTakenOff: boolean) => (folder: string, upstream: URL) => `
  server {
    listen unix:${folder}/http;
    location ${prefix}/ {
      proxy_pass http://${upstream.host}${isTakenOff ? '/' : ''};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
    }
  }
`;

/** Starts nginx with this configuration for the running test. `socketPath` is where its server listens, once it does. */
export async function startNginx(
  http: (folder: string, upstream: URL) => string,
  url: string,
): Promise<{ readonly socketPath: string }> {
  const folder = makeFolder();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, http(folder, new URL(url))));
  const words = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  const child = spawn(nginx.path, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const socketPath = join(folder, 'http');
  while (!(await canConnect(socketPath))) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
  }
  return { socketPath };
}

function canConnect(path: string): Promise<boolean> {
  const socket = connect(path);
  return once(socket, 'connect').then(
    () => {
      socket.destroy();
      return true;
    },
    () => false,
  );
}

/** Sends bytes through nginx as a client with an address, and gives the first that come back. The connection stays open. */
export type SendAs = (address: string, bytes: string) => Promise<string>;

/** Connects to nginx as a client with an address. */
export type ConnectAs = (address: string) => Socket;

/** Starts nginx as a reverse proxy in front of this URL, for the running test. */
export async function startReverseProxy(url: string): Promise<ConnectAs> {
  const { socketPath } = await startNginx(reverseProxy, url);
  return (address) => {
    const socket = connect(socketPath);
    onTestFinished(() => void socket.destroy());
    const local = isIPv4(address) ? 'TCP4' : 'TCP6';
    socket.write(`PROXY ${local} ${address} ${address} 40000 80\r\n`);
    return socket;
  };
}

/** The same, for clients that say one thing. */
export async function startSending(url: string): Promise<SendAs> {
  const connectAs = await startReverseProxy(url);
  return async (address, bytes) => {
    const socket = connectAs(address).setEncoding('utf8');
    socket.write(bytes);
    const [text] = (await once(socket, 'data')) as [string];
    return text;
  };
}

/**
 * Starts nginx with the gateway under a path prefix, for the running test. Gives the URL of the prefix, without a slash at its
 * end. A port of the system's choice leads to nginx, which cannot choose one itself.
 */
export async function startPrefixProxy(url: string, prefix: string, isTakenOff: boolean): Promise<string> {
  const { socketPath } = await startNginx(prefixed(prefix, isTakenOff), url);
  const server = createServer((client) => {
    const upstream = connect(socketPath);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.once('close', () => void (client.destroy(), upstream.destroy()));
    }
    onTestFinished(() => void client.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${prefix}`;
}

/** Starts nginx as a shared cache in front of this URL, for the running test. */
export async function startHttpCache(url: string): Promise<SendThroughCache> {
  const { socketPath } = await startNginx(sharedCache, url);
  return (method, path, headers = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<CachedAnswer>();
    const options = { socketPath, method, path, headers };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const seen = response.headers as Record<string, string>;
        const body = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: seen, body, cache: seen['x-cache'] });
      });
    });
    outgoing.once('error', reject).end();
    return promise;
  };
}
