import { expect } from 'vitest';
import { followAll } from '../../support/account-streams.ts';
import { openEventStream, openSocket, subscribeTo } from '../../support/socket.ts';
import {
  HTTP,
  EXECUTED,
  ANSWERED,
  QUEUED,
  GET,
  FAILED,
  REFUSED,
  finished,
  unfinished,
  CLOCK,
  PATIENT,
  type Row,
} from './row.ts';

/** What a subscription that goes on adds to. */
const OPENED = {
  http_server_active_requests: 1,
  'pjg_operations_total{type="subscription",outcome="ok",operation="other"}': 1,
  'pjg_operation_duration_seconds_count{type="subscription"}': 1,
  pjg_operation_cost_count: 1,
  pjg_subscriptions: 1,
};
/** The same of one to one job on a WebSocket of its own. */
const SUBSCRIBED = {
  ...GET,
  ...OPENED,
  'pjg_streams_opened_total{transport="websocket"}': 1,
  'pjg_streams{transport="websocket"}': 1,
  pjg_watched_jobs: 1,
  pjg_job_listeners: 1,
};

/** What operations of other kinds, refusals and streams add to. */
export const OF_SERVER: readonly Row[] = [
  {
    name: 'a job that is submitted',
    act: (gateway) =>
      gateway.query(
        'mutation { submitPackageJob(input: { inputs: [{ type: OSS, media: "http://b.oss-cn-shanghai.aliyuncs.com/a.mp4" }], output: { type: OSS, media: "http://b.oss-cn-shanghai.aliyuncs.com/a.m3u8" } }) { packageJob { status } } }',
      ),
    grows: {
      ...EXECUTED,
      'pjg_operations_total{type="query",outcome="ok",operation="other"}': 0,
      'pjg_operation_duration_seconds_count{type="query"}': 0,
      'pjg_operations_total{type="mutation",outcome="ok",operation="other"}': 1,
      'pjg_operation_duration_seconds_count{type="mutation"}': 1,
      [ANSWERED('SubmitPackageJob')]: 1,
      [QUEUED('SubmitPackageJob')]: 1,
    },
    // What is known of it is read at once.
    ignored: /GetPackageJob|^pjg_job_reads/,
  },
  {
    name: 'a document that is none',
    act: (gateway) => gateway.query('{'),
    grows: { ...REFUSED, 'pjg_errors_total{code="GRAPHQL_PARSE_FAILED"}': 1 },
  },
  {
    name: 'an argument over its limit',
    act: (gateway) => gateway.query('{ packageJobs(first: 101) { nodes { id } } }'),
    grows: { ...FAILED, 'pjg_errors_total{code="BAD_USER_INPUT"}': 1 },
  },
  {
    name: 'a path with nothing at it',
    act: ({ url }) => fetch(`${url}/nothing`),
    grows: {
      [`${HTTP}{method="GET",route="other",status="4xx",source="executed"}`]: 1,
      'pjg_errors_total{code="BAD_REQUEST"}': 1,
    },
  },
  {
    name: 'a request that a check refuses',
    act: ({ url }) => fetch(`${url}/graphql?query=%7B__typename%7D`),
    grows: {
      [`${HTTP}{method="GET",route="/graphql",status="4xx",source="executed"}`]: 1,
      'pjg_errors_total{code="BAD_REQUEST"}': 1,
    },
  },
  {
    name: 'a stream more than a client may have',
    env: () => ({ MAX_STREAMS_PER_ADDRESS: '1' }),
    async before({ url }, state) {
      const { socket } = await openSocket(url);
      state.stop = () => socket.terminate();
    },
    act: ({ url }) => openSocket(url).catch(() => undefined),
    grows: {
      [`${HTTP}{method="GET",route="/graphql",status="4xx",source="executed"}`]: 1,
      'pjg_errors_total{code="RATE_LIMITED"}': 1,
      'pjg_rate_limited_total{policy="MAX_STREAMS_PER_ADDRESS"}': 1,
    },
  },
  {
    name: 'a request more than a client may send in a time',
    env: () => ({ RATE_LIMIT: '3/3600' }),
    before: (gateway) => gateway.query('{ a: __typename b: __typename c: __typename }'),
    act: (gateway) => gateway.query('{ __typename }'),
    grows: {
      [`${HTTP}{method="POST",route="/graphql",status="2xx",source="executed"}`]: 1,
      'pjg_errors_total{code="RATE_LIMITED"}': 1,
      'pjg_rate_limited_total{policy="RATE_LIMIT"}': 1,
    },
  },
  {
    name: 'a subscription on a WebSocket',
    async act(gateway, state) {
      const { socket, send, message } = await openSocket(gateway.url);
      state.stop = () => socket.terminate();
      send(subscribeTo('a', [unfinished(gateway)]));
      await message(({ type }) => type === 'next');
    },
    grows: { ...SUBSCRIBED, pjg_delivery_delay_seconds_count: 1 },
  },
  {
    name: 'a subscription by server-sent events',
    async act(gateway, state) {
      const stream = await openEventStream(gateway.url, [unfinished(gateway)]);
      state.stop = () => stream.leave();
    },
    grows: {
      ...GET,
      ...OPENED,
      'pjg_streams_opened_total{transport="event-stream"}': 1,
      'pjg_streams{transport="event-stream"}': 1,
      pjg_watched_jobs: 1,
      pjg_job_listeners: 1,
      pjg_delivery_delay_seconds_count: 1,
    },
  },
  {
    name: 'a subscription that has ended',
    async act(gateway) {
      const { socket, send, message, closed } = await openSocket(gateway.url);
      send(subscribeTo('a', [finished(gateway)]));
      await message(({ type }) => type === 'complete');
      socket.close();
      await closed;
    },
    grows: {
      ...GET,
      'pjg_operations_total{type="subscription",outcome="ok",operation="other"}': 1,
      'pjg_operation_duration_seconds_count{type="subscription"}': 1,
      pjg_operation_cost_count: 1,
      'pjg_streams_opened_total{transport="websocket"}': 1,
      pjg_delivery_delay_seconds_count: 1,
    },
  },
  {
    name: 'an event whose state took three seconds to be read',
    env: () => ({ POLL_MIN_MS: '60000', POLL_MAX_MS: '60000' }),
    clock: CLOCK,
    async act(gateway, state) {
      const { socket, send, message } = await openSocket(gateway.url);
      state.stop = () => socket.terminate();
      gateway.emulator.faults.add({ kind: 'delay', delayMs: 300, action: 'GetPackageJob' });
      gateway.emulator.resetRequests();
      send(subscribeTo('a', [unfinished(gateway)]));
      await expect.poll(() => gateway.emulator.countRequests('GetPackageJob'), PATIENT).toBe(1);
      CLOCK.now += 3000;
      await message(({ type }) => type === 'next');
    },
    grows: { ...SUBSCRIBED, pjg_delivery_delay_seconds_count: 1 },
    sums: { pjg_delivery_delay_seconds_sum: expect.closeTo(3, 6) },
    ignored: /^pjg_key|^pjg_ice_clock/,
  },
  {
    name: 'a subscription to all jobs, and two changes',
    env: () => ({ POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' }),
    async act({ url, emulator }, state) {
      const stream = await followAll(url, 'multipart');
      state.stop = () => stream.leave();
      const id = emulator.jobs.add({ createTime: Date.now(), finishTime: Infinity });
      await stream.until(({ length }) => length === 1);
      emulator.jobs.finish(id);
      await stream.until(({ length }) => length === 2);
    },
    grows: {
      ...OPENED,
      'pjg_streams_opened_total{transport="multipart"}': 1,
      'pjg_streams{transport="multipart"}': 1,
      // As many as an operation that names its jobs can have.
      pjg_job_listeners: 100,
      pjg_delivery_delay_seconds_count: 2,
    },
    // How often it looks goes by the clock.
    ignored: /^pjg_(?:sweep_|job_reads|ice_)/,
  },
];
