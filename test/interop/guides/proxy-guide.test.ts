import { on, once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { codeBlocks } from '../../support/guide.ts';
import { nginx, startNginx } from '../support/nginx.ts';

const HOST = 'jobs.example.com';
const UPDATED = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { status } }';

/** Starts the gateway behind nginx as the guide configures both, but for the port and the certificate. */
async function start(): Promise<{ gateway: TestGateway; socketPath: string }> {
  const env = { ALLOWED_HOSTS: HOST, TRUST_PROXY: '1', POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' };
  const gateway = await startGateway({ env });
  onTestFinished(() => gateway.close());
  const [guide = ''] = codeBlocks('behind-a-proxy', 'nginx');
  const configuration = (folder: string, upstream: URL) =>
    guide
      .replace('listen 443 ssl;', `listen unix:${folder}/http;`)
      .replaceAll('http://127.0.0.1:4000', `http://${upstream.host}`);
  const { socketPath } = await startNginx(configuration, gateway.url);
  return { gateway, socketPath };
}

describe.skipIf(nginx.skip)(`the guide to proxies with ${nginx.label}`, () => {
  it('lets events through one by one', async () => {
    const { gateway, socketPath } = await start();
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const headers = {
      host: HOST,
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'accept-encoding': 'br, gzip',
    };
    const outgoing = request({ socketPath, method: 'POST', path: '/graphql', headers });
    outgoing.end(JSON.stringify({ query: UPDATED, variables: { ids: [id] } }));
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += String(chunk);
      if (text.includes('INIT')) gateway.emulator.jobs.finish(id, { status: 'Success' });
    }
    expect(text).toMatch(/INIT.*SUCCESS.*event: complete/s);
  });

  it('lets WebSockets through', async () => {
    const { gateway, socketPath } = await start();
    const id = gateway.emulator.jobs.add({ finishTime: 0 });
    const address = `ws+unix:${socketPath}:/graphql`;
    const socket = new WebSocket(address, 'graphql-transport-ws', { headers: { host: HOST } });
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    const payload = { query: UPDATED, variables: { ids: [id] } };
    const received: string[] = [];
    for await (const [data] of on(socket, 'message') as AsyncIterable<[Buffer]>) {
      const { type } = JSON.parse(data.toString()) as { type: string };
      received.push(type);
      if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      if (type === 'complete') break;
    }
    expect(received).toEqual(['connection_ack', 'next', 'complete']);
  });
});
