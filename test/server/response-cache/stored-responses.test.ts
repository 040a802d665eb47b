import { crc32 } from 'node:zlib';
import { EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { describe, expect, it } from 'vitest';
import type { JobEntry } from '../../../src/jobs/store/entry.ts';
import { StoredResponses, type StoredResponse } from '../../../src/server/response-cache/stored-responses.ts';
import type { RequestKey } from '../../../src/server/response-cache/request-key.ts';
import { CompressedBodies } from '../../../src/server/responses/compressed-bodies.ts';

const CHECK = {
  isVisible: EVERY_JOB,
  states: { version: 1, since: 0, until: Infinity, states: 1, oldest: Infinity },
};
const JOBS = { revalidate: () => CHECK };

/** Keys of the same name have the same checksum. */
function keyOf(name: string, content: RequestKey['content'] = Buffer.from(name), head = ''): RequestKey {
  return { method: 'POST', head, content, checksum: crc32(name) };
}

const STATES = new Map<string, JobEntry>();

function responseOf(body: string): StoredResponse {
  return {
    body,
    etag: undefined,
    compressed: new CompressedBodies(),
    head: [],
    storedAt: 0,
    operationName: null,
  };
}

const textOf = (stored: StoredResponse | undefined) => stored?.body.toString();

describe('stored responses', () => {
  it('are given to the very request, not to another that has the same checksum', () => {
    const responses = new StoredResponses(1_000_000);
    responses.set(keyOf('key', Buffer.from('one')), responseOf('first'), STATES);
    responses.set(keyOf('search', '?one'), responseOf('second'), STATES);
    expect(textOf(responses.get(keyOf('key', Buffer.from('one')), JOBS))).toBe('first');
    expect(responses.get(keyOf('key', Buffer.from('two')), JOBS)).toBeUndefined();
    expect(textOf(responses.get(keyOf('search', '?one'), JOBS))).toBe('second');
    expect(responses.get(keyOf('search', '?two'), JOBS)).toBeUndefined();
    expect(responses.get(keyOf('search', '?one', 'another head'), JOBS)).toBeUndefined();
  });

  it.for([10, 5000, 100_000])('of %i bytes are given as they were', (length) => {
    const responses = new StoredResponses(1_000_000);
    const body = 'é'.repeat(length / 2);
    responses.set(keyOf('key'), responseOf(body), STATES);
    expect(textOf(responses.get(keyOf('key'), JOBS))).toBe(body);
  });

  it('take no more than their bytes: those that were given longest ago go', () => {
    const responses = new StoredResponses(500_000);
    responses.set(keyOf('first'), responseOf('x'.repeat(10_000)), STATES);
    for (let count = 0; count < 1000; count += 1) {
      responses.set(keyOf(`key ${String(count)}`), responseOf('x'.repeat(10_000)), STATES);
      responses.get(keyOf('first'), JOBS);
    }
    expect(responses.size).toBeGreaterThan(20);
    expect(responses.size * 10_000).toBeLessThan(500_000);
    expect(responses.get(keyOf('first'), JOBS)).toBeDefined();
    expect(responses.get(keyOf('key 0'), JOBS)).toBeUndefined();
    expect(responses.get(keyOf('key 999'), JOBS)).toBeDefined();
  });

  it.for([
    ['its request', keyOf('key', Buffer.alloc(20_000))],
    ['the headers of its request', keyOf('x'.repeat(20_000))],
  ] as const)('count what is kept of %s', ([, large]) => {
    const responses = new StoredResponses(10_000);
    responses.set(large, responseOf('{}'), STATES);
    expect(responses.get(large, JOBS)).toBeUndefined();
  });

  it('are forgotten once they are not right any more', () => {
    let check: typeof CHECK | undefined = CHECK;
    const changing = { revalidate: () => check };
    const responses = new StoredResponses(10_000);
    responses.set(keyOf('key'), responseOf('{}'), STATES);
    check = undefined;
    expect(responses.get(keyOf('key'), changing)).toBeUndefined();
    expect(responses.size).toBe(0);
  });

  it('that were for one request alone are not kept, nor any without room', () => {
    const responses = new StoredResponses(10_000);
    const none = new StoredResponses(0);
    responses.set(keyOf('key'), responseOf('{}'), undefined);
    none.set(keyOf('key'), responseOf('{}'), STATES);
    expect([responses.size, none.size]).toEqual([0, 0]);
    expect(none.get(keyOf('key'), JOBS)).toBeUndefined();
  });
});
