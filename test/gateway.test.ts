import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { post, startGateway } from './support/gateway.ts';

const BY_ID = 'query ($id: ID!) { packageJob(id: $id) { id } }';

/** A request on a connection of the agent's. */
function get(
  url: string,
  agent: Agent,
): Promise<{ status: number; connection: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('closing', () => {
  it('lets requests in flight finish and refuses new ones', async () => {
    const gateway = await startGateway();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await get(`${gateway.url}/livez`, agent);
    const id = gateway.emulator.jobs.add();
    const release = gateway.emulator.faults.hold();
    const underWay = post(gateway.url, { query: BY_ID, variables: { id } });
    await expect.poll(() => gateway.emulator.countRequests()).toBe(1);

    const closed = gateway.close();
    // Idle connections are closed and new ones refused.
    await expect(get(`${gateway.url}/graphql`, agent)).rejects.toMatchObject({
      code: expect.stringMatching(/^ECONN/),
    });
    release();
    const { data, headers } = await underWay;
    expect(data).toEqual({ packageJob: { id } });
    expect(headers.get('connection')).toBe('close');
    await closed;
    await expect(fetch(`${gateway.url}/livez`)).rejects.toThrow('fetch failed');
    agent.destroy();
  });

  it('cuts connections that outlast the longest operation', async () => {
    const gateway = await startGateway({ env: { REQUEST_TIMEOUT_MS: '100', ICE_TIMEOUT_MS: '100' } });
    const { hostname, port } = new URL(gateway.url);
    // Announces a body, waits until the gateway wants it, and never sends it.
    const headers = { 'content-type': 'application/json', 'content-length': '10', expect: '100-continue' };
    const stuck = request({ hostname, port, path: '/graphql', method: 'POST', headers });
    const cut = new Promise<Error>((resolve) => stuck.on('error', resolve));
    stuck.flushHeaders();
    await new Promise<void>((resolve) => stuck.on('continue', resolve));
    await gateway.close();
    await expect(cut).resolves.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('the pages', () => {
  it.for(['/', '/board'])('leave %s out with IDE=false', async (path) => {
    const gateway = await startGateway({ env: { IDE: 'false' } });
    expect((await fetch(gateway.url + path)).status).toBe(404);
    await gateway.close();
  });
});
