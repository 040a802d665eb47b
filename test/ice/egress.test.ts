import { createServer as createTcpServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { createIceClient, type IceClientOptions } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import type { IceError } from '../../src/ice/errors.ts';
import { explain } from '../../src/ice/explain.ts';
import type { IceSubmission } from '../../src/ice/submission.ts';
import { createEvents } from '../support/events.ts';
import {
  listen,
  serve,
  startProxy,
  type LoopbackServer,
  type TestProxyOptions,
} from '../support/loopback.ts';
import { createCertificate } from '../support/tls.ts';

const NAME = 'ice.test.example';
const SUBMISSION: IceSubmission = {
  inputs: [{ type: 'OSS', media: 'oss://bucket/video.mp4' }],
  output: { type: 'OSS', media: 'oss://bucket/video.m3u8' },
  name: null,
  pipelineId: null,
  priority: null,
  userData: null,
};

const trusted = await createCertificate(NAME);
const untrusted = await createCertificate(NAME);
const open: { close(): unknown }[] = [];

let before: string[];
beforeAll(() => {
  before = getCACertificates('default');
  setDefaultCACertificates([...before, trusted.cert]);
});
afterAll(() => setDefaultCACertificates(before));
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

const keep = <T extends { close(): unknown }>(item: T): T => {
  open.push(item);
  return item;
};

/** A server that speaks TLS and answers every call. */
async function startIce(certificate = trusted): Promise<{ front: LoopbackServer; requests: () => number }> {
  let requests = 0;
  const front = await serve((request, response) => {
    requests += 1;
    response.setHeader('content-type', 'application/json');
    const isSubmission = request.headers['x-acs-action'] === 'SubmitPackageJob';
    response.end(isSubmission ? '{"RequestId":"A","JobId":"j1"}' : '{"RequestId":"A","PackageJobList":{}}');
  }, certificate);
  return { front: keep(front), requests: () => requests };
}

async function startTestProxy(options: TestProxyOptions) {
  return keep(await startProxy(options));
}

function connectIce(options: Partial<IceClientOptions>) {
  return keep(
    createIceClient({
      endpoint: new URL(`https://${NAME}`),
      credentials: staticCredentials({ accessKeyId: 'example-access-key', accessKeySecret: 'canary' }),
      timeoutMs: 1000,
      callsPerSecond: 100,
      maxConcurrency: 8,
      events: createEvents().ice,
      ...options,
    }),
  );
}

const context = () => ({
  signal: new AbortController().signal,
  client: '',
  turnKey: {},
  onCall: () => undefined,
});
const failure = (call: Promise<unknown>): Promise<IceError> =>
  call.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error as IceError,
  );

const proxiedBy = (port: number, user = '') => ({
  https: new URL(`http://${user}127.0.0.1:${String(port)}`),
  http: undefined,
  except: '',
});

describe('a proxy', () => {
  it('carries reads and submissions through a tunnel, and reads keep theirs', async () => {
    const { front, requests } = await startIce();
    const proxy = await startTestProxy({
      route: (target) => (target === `${NAME}:443` ? front.port : undefined),
    });
    const ice = connectIce({ proxies: proxiedBy(proxy.port) });
    for (let call = 0; call < 3; call += 1) {
      await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context());
    }
    expect(proxy.asked).toEqual([`${NAME}:443`]);
    await ice.submitPackageJob(SUBMISSION, context());
    expect(proxy.asked).toHaveLength(2);
    expect(proxy.authorizations).toEqual([undefined, undefined]);
    expect(requests()).toBe(4);
  });

  it('is told its user and password', async () => {
    const { front } = await startIce();
    const proxy = await startTestProxy({ route: () => front.port });
    const ice = connectIce({ proxies: proxiedBy(proxy.port, 'user%40corp:p%3Aw@') });
    await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context());
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('user@corp:p:w').toString('base64')}`]);
  });

  it('is not asked for a host in NO_PROXY', async () => {
    const proxy = await startTestProxy({});
    const { front } = await startIce();
    const ice = connectIce({
      endpoint: new URL(`https://localhost:${String(front.port)}`),
      proxies: { ...proxiedBy(proxy.port), except: 'localhost' },
    });
    await failure(ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context()));
    expect(proxy.asked).toEqual([]);
  });

  it.for([
    [407, /wants a user and a password/],
    [403, /proxy refused/],
    [502, /proxy refused/],
  ] as const)(
    'that refuses with %i is told as such, and the submission never left',
    async ([status, advice]) => {
      const proxy = await startTestProxy({ status });
      const ice = connectIce({ proxies: proxiedBy(proxy.port, 'user:canary@') });
      const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
      expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
      expect(error.details).not.toHaveProperty('isOutcomeUnknown');
      expect(explain(error)).toMatch(advice);
      expect(explain(error)).toContain(`PROXY_${String(status)}`);
      expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(/canary/);
    },
  );

  it('that never answers holds nobody longer than the limit of a call, and no connection after it', async () => {
    const proxy = await startTestProxy({ isSilent: true });
    const ice = connectIce({ proxies: proxiedBy(proxy.port), timeoutMs: 300 });
    const startedAt = performance.now();
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(error).toMatchObject({ retryable: true });
    expect(error.details).not.toHaveProperty('isOutcomeUnknown');
  });

  it('carries plain http to an endpoint on loopback', async () => {
    const proxy = await startTestProxy({});
    const ice = connectIce({
      endpoint: new URL('http://127.0.0.1:9'),
      proxies: { https: undefined, http: new URL(`http://127.0.0.1:${String(proxy.port)}`), except: '' },
    });
    await failure(ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context()));
    expect(proxy.asked[0]).toMatch(/^http:\/\/127\.0\.0\.1:9\/\?/);
  });
});

describe('a submission that never left', () => {
  it('is told as such when the certificate is not trusted, and ICE sees nothing of it', async () => {
    const { front, requests } = await startIce(untrusted);
    const proxy = await startTestProxy({ route: () => front.port });
    const ice = connectIce({ proxies: proxiedBy(proxy.port) });
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(explain(error)).toMatch(/NODE_EXTRA_CA_CERTS/);
    expect(requests()).toBe(0);
  });

  it.for([
    ['a port where nobody listens', () => 'https://127.0.0.1:1'],
    ['a name that is unknown', () => 'https://name.invalid'],
    ['a server that does not speak TLS', (port: number) => `https://127.0.0.1:${String(port)}`],
  ] as const)('is told as such with %s', async ([, endpointAt]) => {
    const plain = keep(await serve((_request, response) => void response.end()));
    const ice = connectIce({ endpoint: new URL(endpointAt(plain.port)) });
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(error.retryable).toBe(true);
    expect(error.details).not.toHaveProperty('isOutcomeUnknown');
  });

  it('is told as such when the handshake takes too long', async () => {
    const silent = keep(await listen(createTcpServer(() => undefined)));
    const ice = connectIce({ endpoint: new URL(`https://127.0.0.1:${String(silent.port)}`), timeoutMs: 200 });
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
  });
});

describe('a submission that may have left', () => {
  it('is told as such when the connection ends after the handshake', async () => {
    const front = keep(await serve((request) => request.socket.destroy(), trusted));
    const proxy = await startTestProxy({ route: () => front.port });
    const ice = connectIce({ proxies: proxiedBy(proxy.port) });
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(error).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      retryable: false,
      details: { isOutcomeUnknown: true },
    });
  });

  it('is told as such when ICE has seen its nonce, which a proxy repeated', async () => {
    const emulator = keep(await startEmulator());
    emulator.faults.add({ kind: 'status', status: 400, code: 'SignatureNonceUsed' });
    const ice = connectIce({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
    });
    const error = await failure(ice.submitPackageJob(SUBMISSION, context()));
    expect(error).toMatchObject({ retryable: false, details: { isOutcomeUnknown: true } });
  });
});
