import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Check } from './checks.ts';
import { InputError } from './checks.ts';
import type { Clock } from './clock.ts';
import { clockShift, faultRules, newJob, settings } from './control-input.ts';
import { Refusal } from './errors.ts';
import type { FaultBook } from './faults.ts';
import type { JobBook } from './jobs.ts';
import type { Journal } from './journal.ts';
import { readBody, splitUrl } from './request.ts';

export const controlPrefix = '/_emulator/';

export interface ControlOptions {
  readonly jobs: JobBook;
  readonly faults: FaultBook;
  readonly clock: Clock;
  readonly journal: Journal;
}

/** What a route answers: HTTP status and JSON content. */
type ControlAnswer = readonly [status: number, content: unknown];

type Route = (body: () => unknown, options: ControlOptions) => ControlAnswer;

const routes: Readonly<Record<string, Route>> = {
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
  'POST /_emulator/settings': (body, { jobs }) => {
    jobs.unknownJob = check(settings, body()).unknownJob;
    return [200, { unknownJob: jobs.unknownJob }];
  },
};

/**
 * The `/_emulator/…` control: JSON in, JSON out, for the machine it runs on only.
 *
 * 403 to other machines, other hosts' names (DNS rebinding) and other pages' origins; 404 for an unknown
 * route; 400 naming the field for bad input.
 */
export async function handleControl(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: ControlOptions,
): Promise<void> {
  const [status, content] = await answerControl(incoming, options);
  const body = `${JSON.stringify(content)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json;charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function answerControl(incoming: IncomingMessage, options: ControlOptions): Promise<ControlAnswer> {
  const { method = 'GET', url = '/' } = incoming;
  try {
    const body = await readBody(incoming);
    if (!isFromHere(incoming)) return [403, { error: 'only this machine may control the emulator' }];
    const route = routes[`${method} ${splitUrl(url).path}`];
    if (route === undefined)
      return [404, { error: `no such control; there are: ${Object.keys(routes).join(', ')}` }];
    return route(() => parseBody(body), options);
  } catch (error) {
    if (error instanceof InputError) return [400, { error: error.message, field: error.field }];
    if (error instanceof RangeError) return [400, { error: error.message }];
    if (error instanceof Refusal) return [error.status, { error: error.message }];
    throw error;
  }
}

function isFromHere({ headers, socket }: IncomingMessage): boolean {
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

function describeState({ jobs, faults, clock, journal }: ControlOptions) {
  return {
    now: clock.now(),
    clockOffsetMs: clock.offsetMs,
    jobs: jobs.size,
    unknownJob: jobs.unknownJob,
    faults: faults.list(),
    requests: {
      total: journal.count(),
      byAction: journal.countsByAction,
      maxConcurrency: journal.maxConcurrency,
    },
  };
}
