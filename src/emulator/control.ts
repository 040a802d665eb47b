import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from './admission.ts';
import type { Check } from './checks.ts';
import { InputError } from './checks.ts';
import type { Clock } from './clock.ts';
import {
  clockShift,
  credentials,
  faultRules,
  keyRefusal,
  newJob,
  settings,
  tokenRequest,
} from './control-input.ts';
import { ApiError } from './errors.ts';
import type { FaultInjector } from './faults.ts';
import { issuerUrl } from './issuer.ts';
import type { TokenIssuer } from './issuer.ts';
import type { JobRegistry } from './jobs.ts';
import type { KeyService } from './key-service.ts';
import type { RequestLog } from './request-log.ts';
import { readBody, splitUrl } from './request.ts';

/** The prefix of all control paths. */
export const CONTROL_PREFIX = '/_emulator/';

export interface ControlOptions {
  readonly admission: Admission;
  readonly jobs: JobRegistry;
  readonly faults: FaultInjector;
  readonly clock: Clock;
  readonly requestLog: RequestLog;
  readonly keyService: Pick<KeyService, 'countsByAction'>;
  readonly issuer: TokenIssuer;
}

/** The response of a route: HTTP status and JSON content. */
type ControlResponse = readonly [status: number, content: unknown];

type Route = (
  body: () => unknown,
  options: ControlOptions,
  url: string,
) => ControlResponse | Promise<ControlResponse>;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /_emulator/state': (_body, options) => [200, describeState(options)],
  'POST /_emulator/faults': (body, { faults }) => {
    faults.add(...check(faultRules, body()));
    return [201, { faults: faults.list() }];
  },
  'DELETE /_emulator/faults': (_body, { faults }) => {
    faults.clear();
    return [200, { faults: [] }];
  },
  'POST /_emulator/clock': (body, { clock }) => {
    clock.advance(check(clockShift, body()).advanceMs);
    return [200, { now: clock.now(), clockOffsetMs: clock.offsetMs }];
  },
  'POST /_emulator/jobs': (body, { jobs }) => [201, { jobId: jobs.add(check(newJob, body())) }],
  'POST /_emulator/credentials': (body, { admission }) => {
    const keys = check(credentials, body());
    admission.setCredentials(keys);
    return [200, { accessKeyIds: keys.map(({ accessKeyId }) => accessKeyId) }];
  },
  'PATCH /_emulator/credentials': (body, { admission }) => {
    const { accessKeyId, refusal } = check(keyRefusal, body());
    admission.refuse(accessKeyId, refusal);
    return [200, { accessKeyId, refusal: refusal ?? null }];
  },
  'POST /_emulator/settings': (body, { jobs }) => {
    jobs.unknownJob = check(settings, body()).unknownJob;
    return [200, { unknownJob: jobs.unknownJob }];
  },
  'POST /_emulator/tokens': async (body, { issuer }, url) => [
    201,
    { token: await issuer.issue(url, check(tokenRequest, body())) },
  ],
};

/**
 * Handles the control API under `/_emulator/`. It takes JSON and returns JSON, and only serves the local machine.
 *
 * Status 403: the request comes from another machine, names another host (DNS rebinding) or has another origin.
 * Status 404: the route does not exist. Status 400: the input is invalid, and the response names the field.
 */
export async function handleControl(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: ControlOptions,
): Promise<void> {
  const [status, content] = await routeControl(incoming, options);
  const body = `${JSON.stringify(content)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json;charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function routeControl(incoming: IncomingMessage, options: ControlOptions): Promise<ControlResponse> {
  const { method = 'GET', url = '/' } = incoming;
  try {
    const body = await readBody(incoming);
    if (!isLocal(incoming)) return [403, { error: 'only this machine may control the emulator' }];
    const route = ROUTES[`${method} ${splitUrl(url).path}`];
    if (route === undefined)
      return [404, { error: `no such control; there are: ${Object.keys(ROUTES).join(', ')}` }];
    return await route(() => parseBody(body), options, issuerUrl(incoming));
  } catch (error) {
    if (error instanceof InputError) return [400, { error: error.message, field: error.field }];
    if (error instanceof RangeError) return [400, { error: error.message }];
    if (error instanceof ApiError) return [error.status, { error: error.message }];
    throw error;
  }
}

function isLocal({ headers, socket }: IncomingMessage): boolean {
  const port = String(socket.localPort);
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const isOwnHost = headers.host !== undefined && hosts.includes(headers.host);
  const isOwnOrigin =
    headers.origin === undefined || hosts.some((host) => headers.origin === `http://${host}`);
  return socket.remoteAddress === '127.0.0.1' && isOwnHost && isOwnOrigin;
}

function check<Value>(shape: Check<Value>, input: unknown): Value {
  return shape(input, '');
}

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw new InputError('', 'JSON');
  }
}

function describeState({ jobs, faults, clock, requestLog, keyService }: ControlOptions) {
  return {
    now: clock.now(),
    clockOffsetMs: clock.offsetMs,
    jobs: jobs.size,
    unknownJob: jobs.unknownJob,
    faults: faults.list(),
    requests: {
      total: requestLog.count(),
      byAction: requestLog.countsByAction,
      maxConcurrency: requestLog.maxConcurrency,
    },
    keyRequests: keyService.countsByAction,
  };
}
