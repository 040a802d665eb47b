import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type OutgoingHttpHeaders } from 'node:http';
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

/** Nothing here says what may be stored, by whom or for how long: that is told by the answers alone. */
const configuration = (folder: string, upstream: URL) => `
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/client;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
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
}
`;

/** Starts nginx as a shared cache in front of this URL, for the running test. */
export async function startHttpCache(url: string): Promise<SendThroughCache> {
  const folder = makeFolder();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, new URL(url)));
  const words = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  const child = spawn(nginx.path, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));

  const send: SendThroughCache = (method, path, headers = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<CachedAnswer>();
    const options = { socketPath: join(folder, 'http'), method, path, headers };
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
  const isListening = () =>
    send('GET', '/livez').then(
      () => true,
      () => false,
    );
  while (!(await isListening())) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
  }
  return send;
}
