import { expect, it, onTestFinished } from 'vitest';
import { post, startGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';
import { scrape } from '../support/scrape.ts';
import { openSocket } from '../support/socket.ts';

/** What must never be told. Each is long enough to be found wherever it is. */
const SECRETS = {
  variable: 'canary-variable-1f3a',
  document: 'canary_document_1f3a',
  userData: 'canary-user-data-1f3a',
  bearer: 'canary-bearer-1f3a',
  cookie: 'canary-cookie-1f3a',
  output: 'canary-output-1f3a',
  message: 'canary-message-1f3a',
  search: 'canary-search-1f3a',
};

const SUBMIT = `mutation ($userData: String, $media: String!) {
  submitPackageJob(input: {
    inputs: [{ type: OSS, media: $media }], output: { type: OSS, media: $media }, userData: $userData
  }) { packageJob { id } }
}`;

it.for(['none', 'jwt'])(
  'neither logs nor metrics tell what clients send, what jobs hold, or keys, with AUTH=%s',
  async (auth) => {
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const lines: string[] = [];
    const gateway = await startGateway({
      env: auth === 'jwt' ? issuer.env : {},
      hasMetrics: true,
      onLogLine: (line) => lines.push(line),
    });
    const { emulator, url, metricsUrl } = gateway;
    const media = `http://b.oss-cn-shanghai.aliyuncs.com/${SECRETS.output}.m3u8?Signature=${SECRETS.output}`;
    const id = emulator.jobs.add({ userData: SECRETS.userData, output: { Type: 'OSS', Media: media } });
    const tokens = {
      good: await issuer.token(),
      ended: await issuer.token({ claims: { exp: 1 } }),
      none: SECRETS.bearer,
    };
    const cookie = `session=${SECRETS.cookie}`;
    const headers = { authorization: `Bearer ${auth === 'jwt' ? tokens.good : tokens.none}`, cookie };
    const ask = (query: string, variables: object) => post(url, { query, variables }, headers);
    const READ = `query ($id: ID!) { ${SECRETS.document}: packageJob(id: $id) { userData outputUrl output { media } } }`;
    for (let time = 0; time < 4; time += 1) await ask(READ, { id });
    await ask(READ, { id: SECRETS.variable });
    await ask(READ, { id: { a: SECRETS.variable } });
    await ask(`{ ${SECRETS.document} }`, {});
    await ask('{', {});
    for (const token of Object.values(tokens)) {
      const authorization = `Bearer ${token}`;
      await post(url, { query: READ, variables: { id } }, { authorization, cookie });
      const { send, message, socket, closed } = await openSocket(url, { isSilent: true });
      send({ type: 'connection_init', payload: { authorization } });
      await message(({ type }) => type === 'connection_ack').catch(() => undefined);
      socket.close();
      await closed;
    }
    const submitted = await ask(SUBMIT, { userData: JSON.stringify({ a: SECRETS.userData }), media });
    expect(submitted.errors).toBeUndefined();
    await fetch(`${url}/graphql?query=%7B${SECRETS.search}%7D`, {
      headers: { ...headers, 'apollo-require-preflight': '1' },
    });
    await fetch(`${url}/nothing?token=${SECRETS.search}`, { headers });
    const { socket, send, message } = await openSocket(url, { headers });
    send({ type: 'subscribe', id: SECRETS.variable, payload: { query: READ, variables: { id } } });
    await message(({ type }) => type === 'next');
    socket.close();
    const { accessKeyId, accessKeySecret } = emulator.credentials;
    for (const fault of [
      {
        kind: 'status',
        status: 403,
        code: 'Forbidden.RAM',
        message: `${accessKeySecret} ${SECRETS.message}`,
      },
      {
        kind: 'body',
        body: `{"RequestId":"A","Code":"Any.Code","Message":"${accessKeyId} ${SECRETS.message}"}`,
        status: 400,
      },
      { kind: 'patch', patch: { UserData: SECRETS.userData, Name: 7, Message: SECRETS.message } },
    ] as const) {
      emulator.faults.add({ ...fault, times: 1 });
      await ask(READ, { id: `job-${fault.kind}` });
    }
    const { text } = await scrape(metricsUrl);
    await gateway.close();
    const told = `${lines.join('')}\n${text}`;
    expect(lines.length).toBeGreaterThan(10);
    const parts = [tokens.good, tokens.ended].flatMap((token) => token.split('.').slice(1).concat(token));
    const secrets = [...Object.values(SECRETS), ...parts, accessKeyId, accessKeySecret];
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  },
);
