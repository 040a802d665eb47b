import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHERS } from '../../../src/variables.ts';
import { openRaw, requestBytes, type RawResponse } from './support/http.ts';
import { startTarget, type Target } from './support/target.ts';

/** The first response to these bytes. It is `undefined` when the connection is closed without one. */
async function ask({ port }: Target, bytes: string): Promise<RawResponse | undefined> {
  const responses: RawResponse[] = [];
  const connection = await openRaw({ port, onResponse: (response) => responses.push(response) });
  await connection.send(bytes);
  await connection.until(1);
  connection.socket.destroy();
  return responses[0];
}

const BODY = '{"query":"{__typename}"}';
const SUBMISSION = JSON.stringify({
  query:
    'mutation{submitPackageJob(input:{inputs:[{type:OSS,media:"oss://b/a.mp4"}],output:{type:OSS,media:"oss://b/a.m3u8"}}){packageJob{id}}}',
});
const POST = { 'content-type': 'application/json' };
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'graphql-transport-ws',
};
const EVIL = { host: 'evil.example', origin: 'http://evil.example' };

/** A request whose head has these lines. */
const withLines = (...lines: readonly string[]) =>
  `POST /graphql HTTP/1.1\r\n${[...lines, 'content-type: application/json', `content-length: ${String(BODY.length)}`].join('\r\n')}\r\n\r\n${BODY}`;

describe('a gateway that answers one host name', () => {
  let target: Target;

  beforeAll(async () => {
    target = await startTarget({
      env: 'ALLOWED_HOSTS' in OTHERS ? { ALLOWED_HOSTS: 'gateway.example' } : {},
    });
  });
  afterAll(async () => {
    expect(target.log.errors).toEqual([]);
    await target.close();
  });

  it.for([
    {
      what: 'a submission of a page that rebound its name',
      bytes: requestBytes('POST', '/graphql', { ...POST, ...EVIL }, SUBMISSION),
    },
    {
      what: 'a query by GET under another name',
      bytes: requestBytes('GET', '/graphql?query={__typename}', { ...EVIL, 'apollo-require-preflight': '1' }),
    },
    {
      what: 'a WebSocket of a page that rebound its name',
      bytes: requestBytes('GET', '/graphql', { ...UPGRADE, ...EVIL }),
    },
    {
      what: 'an event stream under another name',
      bytes: requestBytes('POST', '/graphql', { ...POST, ...EVIL, accept: 'text/event-stream' }, BODY),
    },
    {
      what: 'another name with the port',
      bytes: requestBytes('POST', '/graphql', { ...POST, host: 'evil.example:4000' }, BODY),
    },
    {
      what: 'an allowed name as part of another',
      bytes: requestBytes('POST', '/graphql', { ...POST, host: 'gateway.example.evil.example' }, BODY),
    },
    {
      what: 'a target that names another authority',
      bytes: withLines('host: gateway.example').replace('/graphql', 'http://evil.example/graphql'),
    },
  ])('refuses $what', async ({ bytes }) => {
    expect(await ask(target, bytes)).toMatchObject({
      status: 421,
      body: expect.stringContaining('"BAD_REQUEST"'),
    });
    expect(target.emulator.countRequests('SubmitPackageJob')).toBe(0);
  });

  it.for([
    { what: 'two Host headers', lines: ['host: gateway.example', 'host: evil.example'] },
    { what: 'the same Host twice', lines: ['host: gateway.example', 'host: gateway.example'] },
    { what: 'no Host', lines: [] },
    {
      what: 'two Authorization headers',
      lines: ['host: gateway.example', 'authorization: Bearer a', 'authorization: Bearer b'],
    },
    { what: 'two lengths', lines: ['host: gateway.example', 'content-length: 1'] },
    { what: 'a length and chunks', lines: ['host: gateway.example', 'transfer-encoding: chunked'] },
    { what: 'a header name with a space', lines: ['host: gateway.example', 'x-a : b'] },
    { what: 'a folded header', lines: ['host: gateway.example', 'x-a: b', ' c'] },
  ])('answers $what with 400', async ({ lines }) => {
    expect(await ask(target, withLines(...lines))).toMatchObject({
      status: 400,
      body: expect.stringContaining('"BAD_REQUEST"'),
    });
  });

  it('answers its own name, in any case, with a port and as an absolute target', async () => {
    for (const bytes of [
      withLines('host: gateway.example'),
      withLines('host: GATEWAY.example:4000'),
      withLines('host: gateway.example').replace('/graphql', 'http://gateway.example/graphql'),
    ]) {
      expect(await ask(target, bytes)).toMatchObject({
        status: 200,
        body: '{"data":{"__typename":"Query"}}\n',
      });
    }
  });

  it('answers health checks under any name', async () => {
    expect(await ask(target, requestBytes('GET', '/livez', EVIL))).toMatchObject({ status: 200 });
    expect(await ask(target, requestBytes('GET', '/readyz', EVIL))).toMatchObject({ status: 200 });
  });

  it.for([
    'javascript:alert(1)',
    'data:text/html,<script>',
    'file:///etc/passwd',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
  ])('shows no address that runs in a page: %s', async (address) => {
    const shown = target.emulator.jobs.get(
      target.emulator.jobs.add({
        finishTime: Date.now() - 1000,
        inputs: [{ Type: 'OSS', Media: address }],
        output: { Type: 'OSS', Media: address },
      }),
    );
    const id = randomUUID();
    target.emulator.jobs.add({ jobId: id, verbatim: { ...shown, JobId: id, OutputUrl: address } });
    const query = `{packageJob(id:"${id}"){outputUrl inputs{url} output{url}}}`;
    const answer = await ask(
      target,
      requestBytes('POST', '/graphql', { ...POST, host: 'gateway.example' }, JSON.stringify({ query })),
    );
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      data: { packageJob: { outputUrl: null, inputs: [{ url: null }], output: { url: null } } },
    });
  });
});
