import { on, once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { codeBlocks } from '../../support/guide.ts';
import { startIssuer } from '../../support/issuer.ts';
import { nginx, startNginx } from '../support/nginx.ts';

const NAMES = '{ packageJobs { nodes { name } } }';
const HOST = 'jobs.example.com';

/** A gateway behind nginx as the guide configures both, and sessions by the cookie, each with its token. */
async function startSessions(
  sessions: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
) {
  const keeper = createServer(({ headers: { cookie = '' } }, response) => {
    const token = sessions[cookie];
    response.writeHead(token === undefined ? 401 : 200, {
      ...(token !== undefined && { 'x-auth-request-access-token': token }),
    });
    response.end();
  });
  keeper.listen(0, '127.0.0.1');
  await once(keeper, 'listening');
  const gateway = await startGateway({
    env: { ...env, ALLOWED_HOSTS: HOST, TRUST_PROXY: '1' },
    emulator: { seed: 'none' },
  });
  onTestFinished(async () => {
    keeper.close();
    await gateway.close();
  });
  const [guide = ''] = codeBlocks('../protect', 'nginx');
  const { port } = keeper.address() as AddressInfo;
  const configuration = (folder: string, upstream: URL) =>
    guide
      .replace('listen 443 ssl;', `listen unix:${folder}/http;`)
      .replaceAll('http://127.0.0.1:4000', `http://${upstream.host}`)
      .replaceAll('127.0.0.1:4180', `127.0.0.1:${String(port)}`);
  const { socketPath } = await startNginx(configuration, gateway.url);
  return { gateway, socketPath };
}

/** What a browser gets through the proxy. */
async function askThrough(socketPath: string, headers: Readonly<Record<string, string>>) {
  const outgoing = request({
    socketPath,
    method: 'POST',
    path: '/graphql',
    headers: { host: HOST, 'content-type': 'application/json', ...headers },
  });
  outgoing.end(JSON.stringify({ query: NAMES }));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode, text };
}

function addOwned({ emulator }: TestGateway): string[] {
  return ['alice', 'ben'].map((owner) =>
    emulator.jobs.add({ name: `of ${owner}`, userData: JSON.stringify({ owner }), finishTime: 0 }),
  );
}

describe.skipIf(nginx.skip)(`the guide to a proxy that signs people in, with ${nginx.label}`, () => {
  it('sets the token of the session, whatever the client sends', async () => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const [alice, ben] = await Promise.all(['alice', 'ben'].map((sub) => issuer.token({ claims: { sub } })));
    const env = { ...issuer.env, OWNER_CLAIM: 'sub', OWNER_FIELD: 'owner' };
    const { gateway, socketPath } = await startSessions({ 'session=a': alice ?? '' }, env);
    const [ofAlice = ''] = addOwned(gateway);

    const mine = { status: 200, text: expect.stringContaining('[{"name":"of alice"}]') as unknown };
    expect(await askThrough(socketPath, { cookie: 'session=a' })).toEqual(mine);
    const forged = { cookie: 'session=a', authorization: `Bearer ${ben ?? ''}` };
    expect(await askThrough(socketPath, forged)).toEqual(mine);
    expect(await askThrough(socketPath, { authorization: `Bearer ${ben ?? ''}` })).toMatchObject({
      status: 401,
    });

    const subscribed = await subscribeThrough(socketPath, { cookie: 'session=a' }, ofAlice);
    expect(subscribed).toEqual(['connection_ack', 'next', 'complete']);
    const fromElsewhere = { cookie: 'session=a', origin: 'https://evil.example' };
    await expect(subscribeThrough(socketPath, fromElsewhere, ofAlice)).rejects.toThrow('403');
  });
});

/** The types of the messages of a subscription to a job that has ended, by a client that sends no token. */
async function subscribeThrough(
  socketPath: string,
  headers: Readonly<Record<string, string>>,
  id: string,
): Promise<string[]> {
  const socket = new WebSocket(`ws+unix:${socketPath}:/graphql`, 'graphql-transport-ws', {
    headers: { host: HOST, ...headers },
  });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  const query = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { status } }';
  const received: string[] = [];
  for await (const [data] of on(socket, 'message') as AsyncIterable<[Buffer]>) {
    const { type } = JSON.parse(data.toString()) as { type: string };
    received.push(type);
    const payload = { query, variables: { ids: [id] } };
    if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    if (type === 'complete') break;
  }
  return received;
}
