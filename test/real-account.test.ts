import { connect } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../src/emulator/server.ts';
import { makeFolder } from './support/folder.ts';
import { post } from './support/gateway.ts';
import { listen, serve, startProxy } from './support/loopback.ts';
import { run } from './support/process.ts';
import { createCertificate } from './support/tls.ts';

const KEYS = {
  accessKeyId: 'example-temporary-key-wxyz',
  accessKeySecret: 'canary-secret',
  securityToken: 'canary-token',
};

/** ICE and STS with certificates of a CA of their own, which can only be reached through a proxy that wants a password. */
async function startAccount() {
  const certificate = await createCertificate('ice.cn-beijing.aliyuncs.com', 'sts.aliyuncs.com');
  const emulator = await startEmulator({ credentials: [KEYS], seed: 'demo' });
  // The host is part of the signature. So this only takes TLS off, and the emulator sees what was signed.
  const front = await listen(
    createTlsServer({ ...certificate }, (client) => {
      const upstream = connect(Number(new URL(emulator.endpoint).port), '127.0.0.1');
      upstream.pipe(client).pipe(upstream);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    }),
  );
  const sts = await serve((_request, response) => {
    const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken } = KEYS;
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.end(
      JSON.stringify({ Credentials: { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } }),
    );
  }, certificate);
  const proxy = await startProxy({
    route: (target) =>
      ({ 'ice.cn-beijing.aliyuncs.com:443': front.port, 'sts.aliyuncs.com:443': sts.port })[target],
  });
  const folder = makeFolder({ 'ca.pem': certificate.cert, token: 'canary-oidc-token' });
  const env = {
    PORT: '0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'trace',
    HOME: folder,
    ALIBABA_CLOUD_REGION_ID: 'cn-beijing',
    ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/r',
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: `${folder}/token`,
    HTTPS_PROXY: `http://user:canary-password@127.0.0.1:${String(proxy.port)}`,
    NODE_EXTRA_CA_CERTS: `${folder}/ca.pem`,
  };
  return {
    emulator,
    proxy,
    env,
    async close() {
      for (const server of [proxy, sts, front, emulator]) await server.close();
    },
  };
}

describe('a gateway behind a proxy, with the role of a cluster', () => {
  it('says as text that it is ready, and who signs, and writes no secret', async () => {
    const account = await startAccount();
    const program = run('main.ts', account.env);
    const [, url = ''] = await program.waitFor(/API +(http\S+)\/graphql/);
    await program.waitFor(/^ {2}Ready +ICE accepted a signed call/m);
    const { data } = await post(url, { query: '{ packageJobs(first: 2) { nodes { id } } }' });
    expect(data).toMatchObject({ packageJobs: { nodes: [{}, {}] } });
    program.signal('SIGTERM');
    await program.ended;
    const { asked, authorizations } = account.proxy;
    await account.close();
    expect(new Set(asked)).toEqual(new Set(['sts.aliyuncs.com:443', 'ice.cn-beijing.aliyuncs.com:443']));
    expect(new Set(authorizations)).toEqual(
      new Set([`Basic ${Buffer.from('user:canary-password').toString('base64')}`]),
    );
    expect(program.output()).toMatch(/calls are signed with a key of: OIDC role, id ends with wxyz/);
    expect(program.output()).not.toMatch(/canary|example-temporary|Y2FuYXJ5/);
  });

  it.for<[string, Record<string, string>, RegExp]>([
    [
      'the CA is not known',
      { NODE_EXTRA_CA_CERTS: '' },
      /No key to sign with \(\w+\)\. .*NODE_EXTRA_CA_CERTS/,
    ],
    ['the token is gone', { ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/nowhere/token' }, /TokenFileUnreadable/],
  ])('says as text that %s', async ([, env, problem]) => {
    const account = await startAccount();
    const program = run('main.ts', { ...account.env, ...env, LOG_LEVEL: 'fatal' });
    const [line = ''] = await program.waitFor(/^ {2}Not ready .*$/m);
    program.signal('SIGTERM');
    await program.ended;
    await account.close();
    expect(line).toMatch(problem);
    expect(program.output()).not.toMatch(/canary|example-temporary/);
  });
});
