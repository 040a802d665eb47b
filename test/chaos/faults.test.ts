import { describe, expect, it } from 'vitest';
import { createIceClient, type CallRecord } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { startGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { expectNoLeaks } from './support/leaks.ts';
import { addJobs, countFailing, QUERIES, type Ids, type Query } from './support/queries.ts';
import { TABLE, type Outcome, type Row } from './support/table.ts';
import { createEvents } from '../support/events.ts';

/** How much later than its deadline an answer may come on a busy machine, in milliseconds. */
const MARGIN_MS = 1500;

const CASES = TABLE.flatMap((row) =>
  QUERIES.map((query) => {
    const outcome = (query.action === 'ListPackageJobs' && row.listOutcome) || row.outcome;
    return [row.name, query.name, outcome.code ?? 'no job', outcome.calls, { row, query, outcome }] as const;
  }),
);

const variablesOf = (ids: Ids) => ({ id: ids[1], ids });

/** Pages to serve and memory for 100,000 jobs take longer to prepare than one read. */
const SMALL = { IDE: 'false', CACHE_MAX_JOBS: '100' };

/** A gateway of its own for each case, so that no circuit breaker or budget has a past. */
async function startWithJobs({ env, ...options }: TestGatewayOptions = {}) {
  const gateway = await startGateway({ ...options, env: { ...SMALL, ...env }, emulator: { seed: 'none' } });
  return { gateway, ids: addJobs(gateway) };
}

expectNoLeaks();

describe('a read that always fails', () => {
  it.concurrent.for(CASES)(
    'with %s is answered in %s as %s after %i calls',
    async ([, , , , { row, query, outcome }]) => {
      const { gateway, ids } = await startWithJobs(row.env === undefined ? {} : { env: row.env });
      const scope = query.action === 'GetPackageJob' ? { jobId: ids[1] } : {};
      gateway.emulator.faults.add({ ...row.fault, ...scope, action: query.action, times: 'always' });
      const startedAt = performance.now();
      const { status, data, errors } = await gateway.query(query.text, variablesOf(ids));
      const elapsedMs = performance.now() - startedAt;
      const calls = countFailing(gateway, query, ids[1]);
      await gateway.close();

      expect(status).toBe(200);
      expect(data).toEqual(query.dataWithout(ids));
      expect(calls).toBe(outcome.calls);
      expect(elapsedMs).toBeLessThan(Number(row.env?.['REQUEST_TIMEOUT_MS'] ?? 10_000) + MARGIN_MS);
      expect(JSON.stringify(errors ?? [])).not.toMatch(/example-access-key|not-a-real-secret/);
      expect(errors).toEqual(expectedErrors(row, query, outcome));
    },
  );
});

function expectedErrors(row: Row, query: Query, { code }: Outcome): unknown {
  if (code === null) return undefined;
  const upstream = {
    action: query.action,
    code: row.upstreamCode ?? null,
    requestId: expect.toSatisfy((id: unknown) => id === null || typeof id === 'string'),
  };
  const retryable = code !== 'UPSTREAM_REJECTED';
  const wait = row.retryAfterMs === undefined ? {} : { retryAfterMs: row.retryAfterMs };
  return [
    {
      message: expect.any(String),
      path: query.path,
      locations: expect.anything(),
      extensions: { code, retryable, ...wait, requestId: expect.any(String), upstream },
    },
  ];
}

describe('an ICE that cannot be reached', () => {
  it.concurrent.for(QUERIES.map((query) => [query.name, query] as const))(
    'fails each read of %s as UPSTREAM_UNAVAILABLE after 3 calls',
    async ([, query]) => {
      const lines: string[] = [];
      const { gateway, ids } = await startWithJobs({ onLogLine: (line) => lines.push(line) });
      await gateway.emulator.close();
      const { status, errors = [] } = await gateway.query(query.text, variablesOf(ids));
      await gateway.close();
      const calls = lines
        .map((line) => JSON.parse(line) as { calls?: readonly { readonly error?: string }[] })
        .flatMap((line) => line.calls ?? []);
      expect(status).toBe(200);
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors) {
        expect(extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
      }
      expect(calls).toHaveLength(3 * errors.length);
      for (const { error } of calls) expect(error).toEqual(expect.any(String));
    },
  );

  it.concurrent('fails reads as retryable after 3 calls where its name cannot be resolved', async () => {
    const ice = createIceClient({
      endpoint: new URL('https://name.invalid'),
      credentials: staticCredentials({
        accessKeyId: 'example-access-key',
        accessKeySecret: 'not-a-real-secret',
      }),
      timeoutMs: 2000,
      callsPerSecond: 50,
      maxConcurrency: 32,
      events: createEvents().ice,
    });
    const records: CallRecord[] = [];
    const context = {
      signal: new AbortController().signal,
      client: '',
      turnKey: {},
      onCall: (call: CallRecord) => void records.push(call),
    };
    // A resolver that answers nothing is a timeout.
    const code: unknown = expect.stringMatching(/^UPSTREAM_(UNAVAILABLE|TIMEOUT)$/);
    await expect(ice.getPackageJob('j1', context)).rejects.toMatchObject({ code, retryable: true });
    await expect(
      ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context),
    ).rejects.toMatchObject({
      code,
      retryable: true,
    });
    ice.close();
    expect(records).toHaveLength(6);
  });
});
