import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RequestEnd } from '../../src/server/events.ts';
import { logMemoryAnswers } from '../../src/telemetry/memory-answers.ts';
import { createEvents } from '../support/events.ts';
import { startGateway } from '../support/gateway.ts';

const REQUEST = {
  requestId: 'a',
  client: { key: '127.0.0.1' },
  method: 'POST',
  path: '/graphql',
  startedAt: 0,
  traceparent: undefined,
};

function endOf(source: RequestEnd['source'], durationMs: number, bytes: number): RequestEnd {
  const cached = source === 'executed' ? null : { operationName: null, bytes };
  return { status: 200, durationMs, source, isComplete: true, operation: null, cached, refusal: undefined };
}

function listen() {
  const { server } = createEvents();
  const stop = new AbortController();
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  logMemoryAnswers(server, logger, stop.signal, () => Date.now());
  return { server, stop, lines };
}

describe('answers from memory', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are summed up in one line every 10 s, and in none where there was none', () => {
    const { server, lines } = listen();
    for (let count = 1; count <= 1000; count += 1)
      server.emit(
        'requestEnd',
        REQUEST,
        endOf(count % 4 === 0 ? 'prepared' : 'stored', count > 985 ? 8 : 0.1, 200),
      );
    server.emit('requestEnd', REQUEST, endOf('executed', 5000, 0));
    vi.advanceTimersByTime(30_000);
    expect(lines).toEqual([
      {
        level: 30,
        msg: 'answers of the response cache',
        count: 1000,
        stored: 750,
        prepared: 250,
        perSecond: 100,
        bytes: 200_000,
        p99Ms: expect.closeTo(8, 0),
      },
    ]);
  });

  it('are summed up once more when the gateway stops', () => {
    const { server, stop, lines } = listen();
    server.emit('requestEnd', REQUEST, endOf('stored', 0.1, 10));
    vi.advanceTimersByTime(1000);
    stop.abort();
    vi.advanceTimersByTime(30_000);
    expect(lines).toMatchObject([{ count: 1, perSecond: 1 }]);
  });
});

it('a gateway sums up what it answered from memory, with the bytes that it sent', async () => {
  const lines: string[] = [];
  const env = { JIT: 'off', ANSWERS_MAX_MB: '64' };
  const gateway = await startGateway({ env, onLogLine: (line) => lines.push(line) });
  const id = gateway.emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
  const query = `{ packageJob(id: "${id}") { id } }`;
  const { data } = await gateway.query(query);
  for (let time = 0; time < 3; time += 1) await gateway.query(query);
  await gateway.close();
  const summary = lines.find((line) => line.includes('answers of the response cache')) ?? '{}';
  const length = JSON.stringify({ data }).length + 1;
  expect(JSON.parse(summary)).toMatchObject({ count: 3, stored: 3, prepared: 0, bytes: 3 * length });
});
