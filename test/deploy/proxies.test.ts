import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { ROOT } from '../support/command.ts';
import { nginx } from '../interop/support/nginx.ts';
import { makeFolder } from '../support/folder.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { createCertificate, type Certificate } from '../support/tls.ts';
import { freePort, HAPROXY, started, startHaproxy } from './replicas.ts';

const HOST = 'jobs.example.com';
const UPDATED = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { status } }';

/** Two gateways, as the samples have them. */
async function startTwo(): Promise<readonly [TestGateway, TestGateway]> {
  const env = { NODE_ENV: 'production', ALLOWED_HOSTS: HOST, TRUST_PROXY: '1', POLL_MIN_MS: '100' };
  const gateways = await Promise.all([startGateway({ env }), startGateway({ env })]);
  onTestFinished(async () => void (await Promise.all(gateways.map((gateway) => gateway.close()))));
  return gateways;
}

/** Starts nginx by the sample, but for ports and paths. @returns its port */
async function startNginx(
  [first, second]: readonly [TestGateway, TestGateway],
  { cert, key }: Certificate,
): Promise<number> {
  const folder = makeFolder({ 'cert.pem': cert, 'key.pem': key });
  const port = await freePort();
  const sample = readFileSync(join(ROOT, 'deploy/proxies/nginx.conf'), 'utf8')
    .replace('listen 443 ssl', `listen 127.0.0.1:${String(port)} ssl`)
    .replaceAll('/etc/ssl/jobs.example.com/', `${folder}/`)
    .replace('127.0.0.1:4000', new URL(first.url).host)
    .replace('127.0.0.1:4001', new URL(second.url).host);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; user root; pid ${folder}/nginx.pid; error_log stderr error; events {} http { access_log off; ${paths.join(' ')} ${sample} }`,
  );
  const words = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  await started(spawn(nginx.path, words, { stdio: ['ignore', 'ignore', 'pipe'] }), port, onTestFinished);
  return port;
}

const PROXIES = [
  { name: nginx.label, skip: nginx.skip, start: startNginx },
  {
    name: HAPROXY.label,
    skip: HAPROXY.skip,
    async start([first, second]: readonly [TestGateway, TestGateway], certificate: Certificate) {
      const { url } = await startHaproxy(
        { servers: { a: first.url, b: second.url }, certificate },
        onTestFinished,
      );
      return Number(new URL(url).port);
    },
  },
];

describe.each(PROXIES)('the sample for $name', ({ skip, start }) => {
  async function connect() {
    const gateways = await startTwo();
    const certificate = await createCertificate(HOST);
    const port = await start(gateways, certificate);
    const options: RequestOptions = {
      host: '127.0.0.1',
      port,
      servername: HOST,
      ca: certificate.cert,
      agent: false,
      path: '/graphql',
    };
    const post = async (body: object, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
      const outgoing = request({
        ...options,
        method: 'POST',
        headers: { host: HOST, 'content-type': 'application/json', ...headers },
      });
      outgoing.end(JSON.stringify(body));
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      return response.setEncoding('utf8');
    };
    /** A job that both gateways know. */
    const add = (finishTime: number) => {
      const [id = ''] = gateways.map(({ emulator }) => emulator.jobs.add({ jobId: 'shared', finishTime }));
      return id;
    };
    return { gateways, options, post, add, certificate };
  }

  it.skipIf(skip)('answers by TLS, from both gateways', async () => {
    const { gateways, post } = await connect();
    for (let count = 0; count < 8; count += 1) {
      const response = await post({ query: '{ packageJobs(first: 1) { nodes { id } } }' });
      let text = '';
      for await (const chunk of response) text += String(chunk);
      expect([response.statusCode, JSON.parse(text)]).toEqual([
        200,
        { data: { packageJobs: { nodes: [{ id: expect.any(String) }] } } },
      ]);
    }
    for (const { emulator } of gateways) expect(emulator.countRequests()).toBeGreaterThan(0);
  });

  it.skipIf(skip)('lets events through one by one, and WebSockets', async () => {
    const { gateways, post, add, options, certificate } = await connect();
    const id = add(Infinity);
    const payload = { query: UPDATED, variables: { ids: [id] } };
    const finish = () => {
      for (const { emulator } of gateways) emulator.jobs.finish(id, { status: 'Success' });
    };
    const socket = new WebSocket(`wss://127.0.0.1:${String(options.port)}/graphql`, 'graphql-transport-ws', {
      headers: { host: HOST },
      ca: certificate.cert,
      // The name is in the certificate, and no name server knows it.
      createConnection: () =>
        connectTls({ host: '127.0.0.1', port: Number(options.port), servername: HOST, ca: certificate.cert }),
    });
    onTestFinished(() => socket.terminate());
    const types: string[] = [];
    const complete = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        types.push(type);
        if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
        if (type === 'complete') resolve();
      }),
    );
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await expect.poll(() => types).toContain('next');
    let text = '';
    const response = await post(payload, { accept: 'text/event-stream' });
    for await (const chunk of response) {
      text += String(chunk);
      if (text.includes('INIT')) finish();
    }
    await complete;
    expect(text).toMatch(/INIT.*SUCCESS.*event: complete/s);
    expect(types).toEqual(['connection_ack', 'next', 'next', 'complete']);
  });

  it.skipIf(skip)('goes to the other gateway when one has gone', async () => {
    const { gateways, post } = await connect();
    await gateways[0].close();
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 8; count += 1) {
      const response = await post({ query: '{ __typename }' });
      response.resume();
      statuses.push(response.statusCode);
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
