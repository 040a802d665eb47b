import { describe, expect, test } from 'vitest';
import { DEFAULT_CREDENTIALS } from '../../src/emulator/server.ts';
import { isWholeReply, rawExchange, toBytes } from './support/client.ts';
import type { HttpRequest } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';
import { RECORDED_REQUESTS, timeOf } from './support/vectors.ts';
import type { RecordedRequest } from './support/vectors.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

/** Sends a recorded request. Returns the Code of the error response, or `admitted` when the request was admitted. */
async function replay(endpoint: string, request: HttpRequest) {
  const { received } = await rawExchange(endpoint, toBytes(request), isWholeReply);
  const code = /"Code":"([^"]+)"|<Code>([^<]+)</.exec(received.split('\r\n\r\n')[1] ?? '');
  const error = code?.[1] ?? code?.[2];
  // These errors come from the action, which only runs for an admitted request.
  return error === 'JobNotFound' || error === 'InvalidNextPageToken' ? 'admitted' : (error ?? 'admitted');
}

/** The text with one character changed: the one `distance` characters after the first occurrence of `mark`. */
function changeAfter(text: string, mark: string, distance = 0): string {
  const index = text.indexOf(mark) + mark.length + distance;
  if (!text.includes(mark)) throw new Error(`no ${mark} in ${text}`);
  return `${text.slice(0, index)}${text[index] === 'a' ? 'b' : 'a'}${text.slice(index + 1)}`;
}

function withHeader(request: HttpRequest, name: string, value: string): HttpRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

const isV3 = ({ expected }: RecordedRequest) => expected.signatureVersion.startsWith('ACS3');
const V3_REQUESTS = RECORDED_REQUESTS.filter(isV3);
const V1_REQUESTS = RECORDED_REQUESTS.filter((recorded) => !isV3(recorded));
const FORM_REQUESTS = RECORDED_REQUESTS.filter(({ request }) => request.body !== '');

describe('recorded requests of official clients', () => {
  it('are signed with the default credentials', () => {
    expect(RECORDED_REQUESTS).toHaveLength(37);
    for (const { credentials } of RECORDED_REQUESTS) expect(DEFAULT_CREDENTIALS).toContainEqual(credentials);
  });

  it.for(RECORDED_REQUESTS)('$name is admitted at its own time', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    expect(await replay(emulator.endpoint, recorded.request)).toBe('admitted');
    expect(emulator.requests).toMatchObject([{ action: recorded.action, params: textParams(recorded) }]);
  });

  it.for(RECORDED_REQUESTS)('$name is refused when it is replayed', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    await replay(emulator.endpoint, recorded.request);
    expect(await replay(emulator.endpoint, recorded.request)).toBe('SignatureNonceUsed');
  });

  it.for(RECORDED_REQUESTS)(
    '$name is refused 16 minutes later and earlier',
    async (recorded, { emulator, clock }) => {
      clock.now = timeOf(recorded) + 16 * 60_000;
      expect(await replay(emulator.endpoint, recorded.request)).toBe('InvalidTimeStamp.Expired');
      clock.now = timeOf(recorded) - 16 * 60_000;
      expect(await replay(emulator.endpoint, recorded.request)).toBe('InvalidTimeStamp.Expired');
    },
  );
});

describe('one changed byte', () => {
  it.for(V3_REQUESTS)('in the signature of $name is refused', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    const authorization = changeAfter(recorded.request.headers['authorization'] ?? '', 'Signature=', 63);
    const request = withHeader(recorded.request, 'authorization', authorization);
    expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
  });

  it.for(V3_REQUESTS)('in a signed header of $name is refused', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    const provider = changeAfter(recorded.request.headers['x-acs-credentials-provider'] ?? '', '');
    const request = withHeader(recorded.request, 'x-acs-credentials-provider', provider);
    expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
  });

  it.for(V3_REQUESTS)('in the host of $name is refused', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    const request = withHeader(recorded.request, 'host', '127.0.0.1:40418');
    expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
  });

  it.for(V1_REQUESTS)('in the signature of $name is refused', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    const request = { ...recorded.request, path: changeAfter(recorded.request.path, '&Signature=', 2) };
    // The character may be part of a percent escape. The escape then decodes to another signature.
    expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
  });

  it.for(FORM_REQUESTS)('in the body of $name is refused', async (recorded, { emulator, clock }) => {
    clock.now = timeOf(recorded);
    const request = { ...recorded.request, body: changeAfter(recorded.request.body, '=', 3) };
    expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
  });

  it.for(RECORDED_REQUESTS.filter(({ request }) => request.body === ''))(
    'in a parameter of $name is refused',
    async (recorded, { emulator, clock }) => {
      clock.now = timeOf(recorded);
      const mark = { GetPackageJob: 'JobId=', ListPackageJobs: 'NextPageToken=' }[recorded.action] ?? 'Name=';
      const request = { ...recorded.request, path: changeAfter(recorded.request.path, mark) };
      expect(await replay(emulator.endpoint, request)).toBe('SignatureDoesNotMatch');
    },
  );
});

/** The recorded parameters of the action, as the text that the emulator receives. */
function textParams({ params }: RecordedRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}
