import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeFolder } from '../../../support/folder.ts';
import { findProgram } from '../../../support/program.ts';

export const nginx = findProgram({
  name: 'nginx',
  candidates: ['nginx', '/usr/sbin/nginx'],
  install: 'apt-get install --yes nginx',
});

/** As proxies are usually set up. Clients tell nginx their address by the PROXY protocol, so that there can be any. */
const configuration = (folder: string, port: number) => `
daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/client;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen unix:${folder}/http proxy_protocol;
    location / {
      proxy_pass http://127.0.0.1:${String(port)};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_protocol_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;

/** Connects through a proxy as a client with this address. */
export type ConnectThroughProxy = (address: string) => Socket;

/** Starts nginx as a reverse proxy in front of this port, for the running test. */
export async function startProxy(port: number): Promise<ConnectThroughProxy> {
  const folder = makeFolder();
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port));
  const words = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  const child = spawn(nginx.path, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));

  const connectAs: ConnectThroughProxy = (address) => {
    const socket = connect(join(folder, 'http'));
    socket.write(`PROXY TCP4 ${address} 127.0.0.1 40000 80\r\n`);
    return socket;
  };
  const isListening = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(join(folder, 'http'));
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  while (!(await isListening())) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${errors}`);
  }
  return connectAs;
}
