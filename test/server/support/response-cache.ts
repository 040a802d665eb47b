import { connect } from 'node:net';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

export const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status isFinished } }';
export const JOBS = 'query Jobs($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';

/** An answer as it came, unread. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A gateway whose clock only the test moves, with two jobs that are new in each test. */
export interface CachingGateway {
  readonly gateway: TestGateway;
  readonly finished: string;
  readonly unfinished: string;
  now(): number;
  advance(milliseconds: number): void;
  /** How many requests were served from memory since this was last reset. */
  servedFromMemory(): number;
  reset(): void;
  /** How many calls of ICE the test has made. */
  calls(): number;
  send(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Has an operation run often enough to be prepared. */
  prepare(query: string, variables: object): Promise<void>;
}

/** Sets a gateway up for the tests of a file. */
export function useCachingGateway(env: Readonly<Record<string, string>> = {}): CachingGateway {
  let now = Date.now();
  let lines: string[] = [];
  let gateway: TestGateway;
  let finished: string;
  let unfinished: string;
  beforeAll(async () => {
    gateway = await startGateway({ env, now: () => now, onLogLine: (line) => lines.push(line) });
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    now += 10_000;
    finished = gateway.emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 });
    unfinished = gateway.emulator.jobs.add({ createTime: now - 42_000, finishTime: Infinity });
    gateway.emulator.resetRequests();
    lines = [];
  });
  const send: CachingGateway['send'] = async (body, headers = {}) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    get gateway() {
      return gateway;
    },
    get finished() {
      return finished;
    },
    get unfinished() {
      return unfinished;
    },
    now: () => now,
    advance: (milliseconds) => (now += milliseconds),
    servedFromMemory: () => lines.filter((line) => line.includes('answered from memory')).length,
    reset: () => (lines = []),
    calls: () => gateway.emulator.countRequests(),
    send,
    async prepare(query, variables) {
      await send({ query, variables });
      await send({ query, variables, extensions: {} });
      lines = [];
    },
  };
}

/** Writes these parts to a connection, one after the other, and gives all that comes back. */
export function raw(url: string, parts: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.once('error', reject).once('close', () => resolve(text));
  for (const part of parts) socket.write(part);
  return promise;
}

/** Posts a body whose length is not announced. */
export function chunked(url: string, body: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const outgoing = request(`${url}/graphql`, { method: 'POST', headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('end', () => resolve(text));
  });
  outgoing.once('error', reject);
  outgoing.write(body.slice(0, 10));
  outgoing.end(body.slice(10));
  return promise;
}

/** The status of a `POST` with just these headers; an empty one is left out. */
export function statusOf(url: string, body: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
  const options = { method: 'POST', headers: { ...sent, 'content-length': Buffer.byteLength(body) } };
  const outgoing = request(`${url}/graphql`, options, (response) => {
    response.resume();
    response.once('end', () => resolve(response.statusCode ?? 0));
  });
  outgoing.once('error', reject);
  outgoing.end(body);
  return promise;
}
