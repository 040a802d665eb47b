import { describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startOtlpReceiver } from '../support/otlp.ts';
import { lineage, milliseconds, named, PARENT, READ, TRACE, traced, TRACEPARENT } from './support/traced.ts';

async function readThrice({ emulator, query }: TestGateway): Promise<void> {
  const id = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
  for (let time = 0; time < 3; time += 1) await query(READ, { id });
}

describe('traces', () => {
  it('show a query from its request to ICE, below the span of the client', async () => {
    let upstreamHeaders: readonly string[] = [];
    let upstream = new URL('http://127.0.0.1');
    let receipt: unknown;
    const { spans, lines } = await traced(async ({ emulator, query }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      const headers = { ...TRACEPARENT, 'x-upstream-receipt': '1' };
      const { extensions } = await query(READ, { id }, headers);
      receipt = extensions?.['upstream'];
      upstream = new URL(emulator.endpoint);
      upstreamHeaders = emulator.requests.flatMap((request) => Object.keys(request.headers));
    });
    const own = spans.filter(({ traceId }) => traceId === TRACE);
    const [call] = named(own, 'ICE GetPackageJob');
    expect(lineage(own, call)).toEqual(['ICE GetPackageJob', 'read job', 'query', 'POST /graphql']);
    const [request] = named(own, 'POST /graphql');
    expect(request).toMatchObject({
      kind: 2,
      parentSpanId: PARENT,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/graphql',
        'http.response.status_code': 200,
        'url.path': '/graphql',
        'url.scheme': 'http',
        'pjg.request.source': 'executed',
      },
    });
    expect(named(own, 'query')[0]?.attributes).toMatchObject({
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Read',
    });
    expect(call).toMatchObject({
      kind: 3,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': Number(upstream.port),
        'url.full': `${upstream.origin}/`,
        'rpc.method': 'GetPackageJob',
        'alibaba_cloud.request_id': expect.any(String),
      },
    });
    expect(named(own, 'read job')[0]?.attributes).toMatchObject({ 'pjg.read.source': 'get' });
    expect(receipt).toMatchObject({ traceId: TRACE });
    const answered = lines.filter((line) => line.includes('"msg":"answered"'));
    expect(answered.at(-1)).toContain(`"traceId":"${TRACE}"`);
    expect(answered.filter((line) => !line.includes('"traceId":'))).toEqual([]);
    expect(upstreamHeaders).not.toContain('traceparent');
  });

  it('show each job of a query below its own read', async () => {
    const { spans } = await traced(async ({ emulator, query }) => {
      const ids = Array.from({ length: 3 }, () => emulator.jobs.add({ finishTime: Infinity }));
      await query('query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }', { ids }, TRACEPARENT);
    });
    const own = spans.filter(({ traceId }) => traceId === TRACE);
    const parents = named(own, 'ICE GetPackageJob').map(({ parentSpanId }) => parentSpanId);
    expect(new Set(parents)).toEqual(new Set(named(own, 'read job').map(({ spanId }) => spanId)));
    expect(parents).toHaveLength(3);
    const [operation] = named(own, 'query');
    const reads = named(own, 'read job').map(({ parentSpanId }) => parentSpanId);
    expect(reads).toEqual([operation?.spanId, operation?.spanId, operation?.spanId]);
  });

  it('show a retry, and what went wrong before', async () => {
    const { spans } = await traced(async ({ emulator, query }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      emulator.faults.add({ kind: 'status', status: 500, action: 'GetPackageJob' });
      await query(READ, { id });
    });
    expect(named(spans, 'ICE GetPackageJob')).toMatchObject([
      {
        isError: true,
        attributes: { 'error.type': 'UPSTREAM_UNAVAILABLE', 'http.response.status_code': 500 },
      },
      {
        isError: false,
        attributes: { 'http.request.resend_count': 1, 'http.response.status_code': 200 },
      },
    ]);
  });

  it('show how long a call waited as ICE throttled', async () => {
    const { spans } = await traced(async ({ emulator, query }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      emulator.faults.add({ kind: 'throttle', retryAfterMs: 1500, action: 'GetPackageJob' });
      await query(READ, { id });
    });
    const waits = named(spans, 'ICE queue').filter((span) => milliseconds(span) > 250);
    expect(waits).toHaveLength(1);
    expect(lineage(spans, waits[0])).toEqual(['ICE queue', 'read job', 'query', 'POST /graphql']);
  });

  it('show a mutation, and an operation that fails', async () => {
    const media = { type: 'OSS', media: 'http://b.oss-cn-shanghai.aliyuncs.com/a.mp4' };
    const { spans } = await traced(async ({ emulator, query }) => {
      emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', action: 'SubmitPackageJob' });
      await query(
        'mutation Submit($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }',
        { input: { inputs: [media], output: media } },
      );
    });
    const [call] = named(spans, 'ICE SubmitPackageJob');
    expect(lineage(spans, call)).toEqual(['ICE SubmitPackageJob', 'mutation', 'POST /graphql']);
    expect(call?.attributes).toMatchObject({ 'error.type': 'UPSTREAM_REJECTED' });
    expect(named(spans, 'mutation')).toMatchObject([{ isError: true }]);
  });

  it('have their id in the lines of the log about a job that was submitted', async () => {
    const media = { type: 'OSS', media: 'http://b.oss-cn-shanghai.aliyuncs.com/a.mp4' };
    const { lines } = await traced(async ({ query }) => {
      await query(
        'mutation Submit($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }',
        { input: { inputs: [media], output: media } },
        TRACEPARENT,
      );
    });
    const about = lines
      .map((line) => JSON.parse(line) as { msg?: string; traceId?: string })
      .filter(({ msg }) => msg === 'job submitted' || msg === 'answered');
    const submitted = about.filter(({ traceId }) => traceId === TRACE).map(({ msg }) => msg);
    expect(submitted).toEqual(['job submitted', 'answered']);
  });

  it('show what is answered from memory, and only what the sampler takes', async () => {
    const memory = { ANSWERS_MAX_MB: '64' };
    const { spans } = await traced(readThrice, memory);
    const sources = named(spans, 'POST /graphql').map(({ attributes }) =>
      String(attributes['pjg.request.source']),
    );
    expect(sources.toSorted((a, b) => a.localeCompare(b))).toEqual(['executed', 'stored', 'stored']);
    const none = { ...memory, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
    expect((await traced(readThrice, none)).spans).toEqual([]);
  });

  it('show nothing of a trace that its client does not record, and the log has its id all the same', async () => {
    const { spans, lines } = await traced(
      async ({ emulator, query }) => {
        const id = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
        for (let time = 0; time < 3; time += 1)
          await query(READ, { id }, { traceparent: `00-${TRACE}-${PARENT}-00` });
      },
      { ANSWERS_MAX_MB: '64' },
    );
    expect(spans.filter(({ traceId }) => traceId === TRACE)).toEqual([]);
    expect(named(spans, 'POST /graphql')).toEqual([]);
    const logged = lines.map((line) => JSON.parse(line) as { traceId?: string; operationName?: string });
    expect(logged.filter(({ operationName }) => operationName === 'Read')).toMatchObject([
      { traceId: TRACE },
    ]);
  });

  it('show what is answered from memory below the span of the client, over the time that it took', async () => {
    const { spans } = await traced(
      async ({ emulator, query }) => {
        const id = emulator.jobs.add({ createTime: 0, finishTime: Date.now() - 1000 });
        for (let time = 0; time < 2; time += 1) await query(READ, { id }, TRACEPARENT);
      },
      { ANSWERS_MAX_MB: '64' },
    );
    const below = named(spans, 'POST /graphql').filter(({ traceId }) => traceId === TRACE);
    expect(below).toMatchObject([
      { parentSpanId: PARENT, kind: 2, isError: false },
      { parentSpanId: PARENT, kind: 2, isError: false },
    ]);
    const stored = below.find(({ attributes }) => attributes['pjg.request.source'] === 'stored');
    expect(stored?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'http.route': '/graphql',
      'pjg.request.id': expect.any(String),
      'pjg.request.source': 'stored',
      'url.path': '/graphql',
      'url.scheme': 'http',
    });
    const ms = stored === undefined ? NaN : milliseconds(stored);
    expect([ms > 0, ms < 60_000]).toEqual([true, true]);
    expect(Math.abs(Number(stored?.endTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
  });

  it('hold nothing that clients sent but names, and no key', async () => {
    let secret = '';
    const { text } = await traced(async ({ emulator, query, url }) => {
      secret = emulator.credentials.accessKeySecret;
      const id = emulator.jobs.add({ userData: 'canary-user-data' });
      await query(READ, { id }, { authorization: 'Bearer canary-token' });
      await fetch(`${url}/nothing?token=canary-search`);
      await fetch(`${url}/canary-path`);
    });
    expect(text).toContain('http.request.method');
    expect(text).not.toContain('canary');
    expect(text).not.toContain(secret);
  });
});

it('metrics show the trace of a request beside its duration, for those who read OpenMetrics', async () => {
  const receiver = await startOtlpReceiver();
  const gateway = await startGateway({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    hasMetrics: true,
  });
  await gateway.query('{ __typename }', undefined, TRACEPARENT);
  const read = async () => {
    const headers = { accept: 'application/openmetrics-text' };
    return (await fetch(`${gateway.metricsUrl ?? ''}/metrics`, { headers })).text();
  };
  await expect
    .poll(read)
    .toMatch(new RegExp(`route="/graphql".* # \\{trace_id="${TRACE}"\\} [\\d.e-]+ [\\d.]+\n`));
  await gateway.close();
  await receiver.close();
});
