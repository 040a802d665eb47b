import { describe, expect } from 'vitest';
import { startGateway } from '../../../src/gateway.ts';
import { readConfig } from '../../../src/config.ts';
import { pino } from 'pino';
import { createReadiness } from '../../../src/server/http/readiness.ts';
import { it } from '../../support/it.ts';

describe('readiness', () => {
  it('waits until ICE accepts a signed call, is told about each failure, and then lasts', async ({
    emulator,
  }) => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    emulator.faults.add({ kind: 'status', status: 403, times: 2 });
    const config = readConfig({ PORT: '0', METRICS_PORT: '0', UPSTREAM: 'emulator' });
    const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
    const gateway = await startGateway(config, upstream, logger);
    const ready = async () => (await fetch(`${gateway.url}/readyz`)).status;

    await expect(gateway.firstProblem).resolves.toMatch(/^ListPackageJobs failed/);
    const early = await fetch(`${gateway.url}/readyz`);
    expect([early.status, await early.json()]).toMatchObject([
      503,
      { errors: [{ extensions: { code: 'UPSTREAM_REJECTED', retryable: false } }] },
    ]);
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    expect(emulator.requests.map(({ params }) => params['PageSize'])).toEqual(['1', '1', '1']);
    expect(lines.filter((line) => line.includes('not ready'))).toHaveLength(2);

    emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    expect(await ready()).toBe(200);
    await gateway.close();
  });

  it('makes no further attempt once stopped', async () => {
    let attempts = 0;
    const stop = new AbortController();
    const failed = Promise.withResolvers<void>();
    const check = () => Promise.reject(new Error(`attempt ${String((attempts += 1))}`));
    const readiness = createReadiness(
      check,
      stop.signal,
      () => ({ code: 'UPSTREAM_TIMEOUT', message: 'no' }),
      {
        onReady: () => expect.unreachable(),
        onFailure: () => failed.resolve(),
      },
    );
    await failed.promise;
    stop.abort();
    expect([attempts, readiness.isReady]).toEqual([1, false]);
  });

  it.for([
    ['Forbidden.RAM', 'UPSTREAM_REJECTED', /\(Forbidden\.RAM\).*ice:ListPackageJobs/],
    ['OperationDenied', 'UPSTREAM_REJECTED', /not activated/],
    ['InvalidAccessKeyId.Inactive', 'UPSTREAM_REJECTED', /refused the key/],
    ['ServiceUnavailable', 'UPSTREAM_UNAVAILABLE', /ServiceUnavailable/],
  ] as const)(
    'says in one line, everywhere, what ICE refused: %s',
    async ([code, ours, advice], { emulator }) => {
      const lines: string[] = [];
      const logger = pino({}, { write: (line: string) => lines.push(line) });
      emulator.faults.add({ kind: 'status', status: 403, code, message: 'canary', times: 'always' });
      const config = readConfig({ PORT: '0', METRICS_PORT: '0', UPSTREAM: 'emulator' });
      const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
      const gateway = await startGateway(config, upstream, logger);
      const problem = await gateway.firstProblem;
      const response = await fetch(`${gateway.url}/readyz`);
      const { errors } = (await response.json()) as { errors: unknown[] };
      await gateway.close();
      expect(problem).toMatch(advice);
      expect(errors).toMatchObject([
        {
          message: problem,
          extensions: {
            code: ours,
            upstream: { action: 'ListPackageJobs', code, requestId: expect.any(String) },
          },
        },
      ]);
      const line = lines.find((text) => text.includes('not ready')) ?? '';
      expect(JSON.parse(line)).toMatchObject({ msg: `not ready: ${String(problem)}` });
      expect(JSON.parse(line)).not.toHaveProperty('err');
      expect(lines.join('')).not.toMatch(/canary|not-a-real-secret|"stack"/);
    },
  );
});
