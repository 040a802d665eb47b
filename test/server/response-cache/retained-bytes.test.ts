import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parse, type FieldNode, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { StoredResponses } from '../../../src/server/response-cache/stored-responses.ts';
import type { RequestKey } from '../../../src/server/response-cache/request-key.ts';
import { createJobFragments } from '../../../src/server/response-cache/job-fragments.ts';
import { createRecord } from '../../../src/server/graphql/record.ts';
import type { Encoding } from '../../../src/server/responses/compression.ts';
import { createResponse, represent } from '../../../src/server/responses/response.ts';
import { decodedJob } from '../../support/decoded-job.ts';
import { jobWith } from '../../support/job.ts';
import { retainedBytes } from '../../support/memory.ts';

const isVisible = () => true;
const JOBS = {
  lifetimeMs: () => 1000,
  revalidate: () => ({
    isVisible,
    states: { version: 1, since: 0.5, until: Date.now() + 0.5, states: 1, oldest: Infinity },
  }),
};
const TIMES = { observedAt: Date.now(), validatedAt: Date.now(), lastGetAt: Date.now() };
const ENTRIES = new Map(
  Array.from({ length: 200 }, (_, index) => [idOf(index), { job: jobWith({ id: idOf(index) }), ...TIMES }]),
);
const SHARED_HEAD = ['content-type', 'application/json; charset=utf-8', 'x-content-type-options', 'nosniff'];

interface Kind {
  readonly method: 'GET' | 'POST';
  readonly jobs: number;
  readonly count: number;
  readonly text: () => string;
  readonly encodings: readonly Encoding[];
}

const usual = () => 'oss://bucket/path/to/video.mp4 '.repeat(30);
const random = () => randomBytes(700).toString('base64');
const chinese = () => '封装任务'.repeat(100);

const KINDS: readonly (readonly [string, Kind])[] = [
  ['one job', { method: 'POST', jobs: 1, count: 2000, text: usual, encodings: [] }],
  ['one job by GET', { method: 'GET', jobs: 1, count: 2000, text: usual, encodings: [] }],
  [
    'one job that is named in Chinese',
    { method: 'POST', jobs: 1, count: 2000, text: chinese, encodings: [] },
  ],
  ['two jobs, compressed', { method: 'POST', jobs: 2, count: 500, text: usual, encodings: ['br', 'gzip'] }],
  [
    'two jobs that hardly compress',
    { method: 'GET', jobs: 2, count: 500, text: random, encodings: ['br', 'gzip'] },
  ],
  ['a hundred jobs', { method: 'POST', jobs: 100, count: 60, text: usual, encodings: ['br'] }],
];

function idOf(index: number): string {
  return index.toString(16).padStart(32, '0');
}

function keyOf(method: Kind['method'], body: string): RequestKey {
  const content = method === 'GET' ? `?body=${encodeURIComponent(body)}` : Buffer.from(body);
  const head = `${method}\napplication/json\n\0\n\0`;
  return { method, head, content, checksum: crc32(content, crc32(head)) };
}

/** Stores a response to a request that never came before, and sends it in each encoding. */
async function store(
  stored: StoredResponses,
  number: number,
  { method, jobs, text, encodings }: Kind,
): Promise<void> {
  const ids = Array.from({ length: jobs }, (_, index) => idOf((number + index) % ENTRIES.size));
  const body = JSON.stringify({ query: '{ jobs }'.padEnd(500), variables: { ids }, number });
  const key = keyOf(method, body);
  const record = createRecord();
  for (const id of (JSON.parse(body) as { variables: { ids: string[] } }).variables.ids) {
    record.dependencies.set(id, ENTRIES.get(id) ?? { job: null, ...TIMES });
  }
  const data = ids.map((id) => ({ id, number, text: text() }));
  const response = createResponse(JSON.stringify({ data }), record, { method, headers: {} }, JOBS);
  const head = [
    ...SHARED_HEAD,
    ...Object.entries(response.headers).flat(),
    'server-timing',
    `jobs;desc=${ids.length}`,
  ];
  stored.set(key, { ...response, head, storedAt: Date.now(), operationName: null }, response.dependencies);
  for (const encoding of encodings) {
    const hit = stored.get(key, JOBS);
    if (hit === undefined) throw new Error('it was not stored');
    await represent(hit, { headers: { 'accept-encoding': encoding } });
  }
}

describe('the size of stored responses', () => {
  it.for(KINDS)('is what they retain: %s', async ([, kind]) => {
    const stored = new StoredResponses(1_000_000_000);
    let number = 0;
    const storeMany = async (count: number) => {
      for (const end = number + count; number < end; number += 1) await store(stored, number, kind);
      return { counted: stored.bytes, retained: await retainedBytes() };
    };
    // The first ones also load and compile what all of them need.
    const before = await storeMany(kind.count);
    const after = await storeMany(kind.count);
    expect(stored.size).toBe(2 * kind.count);
    const share = (after.counted - before.counted) / (after.retained - before.retained);
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1.15);
  });

  it('grows with each encoding that a response is sent in, so that others go', async () => {
    const kind = { method: 'POST', jobs: 2, count: 1, text: random, encodings: [] } as const;
    const stored = new StoredResponses(100_000);
    for (let number = 0; number < 100; number += 1) await store(stored, number, kind);
    const plain = stored.size;
    for (let number = 0; number < 100; number += 1)
      await store(stored, number, { ...kind, encodings: ['br', 'gzip'] });
    expect(stored.bytes).toBeLessThanOrEqual(100_000);
    expect(stored.size).toBeLessThan(plain);
  });
});

describe('the size of fragments', () => {
  it.for([
    ['plain', usual],
    ['Chinese', chinese],
  ] as const)('is what they retain, with %s user data', async ([, text]) => {
    const fragments = createJobFragments(createSchema());
    const document = parse('query { packageJob(id: "any") { id name status userData } }');
    const operation = document.definitions[0] as OperationDefinitionNode;
    const selection = fragments.of(operation.selectionSet.selections[0] as FieldNode, document);
    if (selection === undefined) throw new Error('it cannot be prepared');
    const { write } = selection;
    const context = fragments.context(createRecord(), { pollAfterMs: () => null, isTimed: () => false });
    let number = 0;
    const writeMany = async () => {
      for (const end = number + 2000; number < end; number += 1) {
        const job = decodedJob(number, text());
        for (let time = 0; time < 2; time += 1) write(job, context);
      }
      return { counted: fragments.bytes(), retained: await retainedBytes() };
    };
    const before = await writeMany();
    const after = await writeMany();
    const share = (after.counted - before.counted) / (after.retained - before.retained);
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(1.15);
  });
});
