import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { findProgram } from '../support/program.ts';

const run = promisify(execFile);

const java = findProgram({
  name: 'Java',
  candidates: ['java'],
  install: 'apt-get install --yes default-jdk-headless',
});
const python = findProgram({
  name: 'Python',
  candidates: ['python3'],
  install: 'apt-get install --yes python3',
});

const BODY = JSON.stringify({ query: '{ __typename }', operationName: '' });
const ANSWER = '200 {"data":{"__typename":"Query"}}';

/** Sends a request of each kind with the library of the language, and prints its status and body. */
const PYTHON = `
import sys, urllib.request, urllib.error
def send(request):
    try:
        response = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        response = error
    print(response.status, response.read().decode().strip())
url, body = sys.argv[1], sys.argv[2].encode()
headers = {"content-type": "application/json"}
for _ in range(3):
    send(urllib.request.Request(url, data=body, headers=headers))
    send(urllib.request.Request(url + "?query=%7B__typename%7D", headers=headers))
send(urllib.request.Request(url, data=b"x" * 5_000_000, headers=headers))
`;

describe.skipIf(java.skip)(`${java.label} with the defaults of its HttpClient`, () => {
  it('is answered alike each time, over a WebSocket too, and reads why its body is too large', async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.close());
    const program = fileURLToPath(new URL('support/Client.java', import.meta.url));
    const { stdout } = await run(java.path, [program, `${gateway.url}/graphql`, BODY]);
    expect(stdout.trim().split('\n')).toEqual([
      ...Array.from({ length: 6 }, () => ANSWER),
      '200 {"status":"ready"}',
      expect.stringMatching(/^413 .*over 262144 bytes/),
      '101 {"type":"connection_ack"}',
    ]);
  });
});

describe.skipIf(python.skip)(`${python.label} with urllib`, () => {
  it('is answered alike each time, and reads why its body is too large', async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.close());
    const { stdout } = await run(python.path, ['-c', PYTHON, `${gateway.url}/graphql`, BODY]);
    expect(stdout.trim().split('\n')).toEqual([
      ...Array.from({ length: 6 }, () => ANSWER),
      expect.stringMatching(/^413 .*over 262144 bytes/),
    ]);
  });
});
