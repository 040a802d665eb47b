import { expect } from 'vitest';
import { apolloManifest, writeManifest } from '../../support/manifest.ts';
import {
  atLeast,
  ANSWERED_IN,
  READ,
  READ_MANY,
  HTTP,
  POST,
  EXECUTED,
  ANSWERED,
  QUEUED,
  GET,
  finished,
  unfinished,
  FAILS,
  CLOCK,
  type Row,
} from './row.ts';

/** What reads of jobs add to. */
export const READS: readonly Row[] = [
  {
    name: 'a read',
    act: (gateway) => gateway.query(READ, { id: finished(gateway) }),
    grows: { ...EXECUTED, ...GET, 'pjg_cache_entries{cache="jobs"}': 1 },
    // The job, its id and its status.
    sums: { pjg_operation_cost_sum: 3 },
  },
  {
    name: 'a read of what is in memory',
    before: (gateway, state) => gateway.query(READ, { id: (state.ids = [finished(gateway)])[0] }),
    act: (gateway, { ids: [id] }) => gateway.query(`${READ} `, { id }),
    grows: { ...EXECUTED, 'pjg_job_reads_total{source="hit"}': 1 },
  },
  {
    name: 'an unfinished job from memory',
    env: () => ({ JOB_MAX_AGE_MS: '60000' }),
    clock: CLOCK,
    async before(gateway, state) {
      state.ids = [unfinished(gateway)];
      await gateway.query(READ, { id: state.ids[0] });
      CLOCK.now += 1500;
    },
    act: (gateway, { ids: [id] }) => gateway.query(`${READ} `, { id }),
    grows: { ...EXECUTED, 'pjg_job_reads_total{source="hit"}': 1, pjg_job_state_age_seconds_count: 1 },
    sums: { pjg_job_state_age_seconds_sum: expect.closeTo(1.5, 6) },
  },
  {
    name: 'a request that repeats',
    env: () => ({ JIT: 'off', ANSWERS_MAX_MB: '64' }),
    before: (gateway, state) => gateway.query(READ, { id: (state.ids = [finished(gateway)])[0] }),
    act: (gateway, { ids: [id] }) => gateway.query(READ, { id }),
    grows: {
      [`${HTTP}{${POST},source="cached"}`]: 1,
      'pjg_operations_total{type="query",outcome="ok",operation="other"}': 1,
      'pjg_job_reads_total{source="hit"}': 1,
    },
  },
  {
    name: 'an operation that is prepared',
    env: () => ({ JIT: 'on', ANSWERS_MAX_MB: '64' }),
    async before(gateway, state) {
      for (let time = 0; time < 3; time += 1) await gateway.query(READ, { id: finished(gateway) });
      state.ids = [finished(gateway)];
      await gateway.query(`${READ} `, { id: state.ids[0] });
    },
    act: (gateway, { ids: [id] }) => gateway.query(READ, { id }),
    grows: {
      [`${HTTP}{${POST},source="prepared"}`]: 1,
      'pjg_operations_total{type="query",outcome="ok",operation="other"}': 1,
      'pjg_job_reads_total{source="hit"}': 1,
    },
  },
  {
    name: 'an operation of the manifest',
    env: () => ({ PERSISTED_OPERATIONS: writeManifest(apolloManifest(READ)) }),
    act: (gateway) => gateway.query(READ, { id: finished(gateway) }),
    grows: {
      ...EXECUTED,
      ...GET,
      'pjg_operations_total{type="query",outcome="ok",operation="other"}': 0,
      'pjg_operations_total{type="query",outcome="ok",operation="Read"}': 1,
    },
  },
  {
    name: 'ten reads at once',
    async act(gateway) {
      gateway.emulator.faults.add({ kind: 'delay', delayMs: 1500 });
      const one = finished(gateway);
      await Promise.all(Array.from({ length: 10 }, () => gateway.query(READ, { id: one })));
    },
    grows: {
      ...Object.fromEntries(Object.entries(EXECUTED).map(([name, value]) => [name, 10 * value])),
      ...GET,
      'pjg_job_reads_total{source="collapsed"}': 9,
    },
    sums: {
      [ANSWERED_IN('GetPackageJob')]: atLeast(1.4),
      'pjg_operation_duration_seconds_sum{type="query"}': atLeast(1.4),
      [`http_server_request_duration_seconds_sum{${POST},source="executed"}`]: atLeast(1.4),
    },
  },
  {
    name: 'a state that stands in while ICE fails',
    clock: CLOCK,
    async before(gateway, state) {
      state.ids = [unfinished(gateway)];
      await gateway.query(READ, { id: state.ids[0] });
      CLOCK.now += 5000;
      gateway.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM' });
    },
    act: (gateway, { ids: [id] }) => gateway.query(READ, { id }),
    grows: {
      ...EXECUTED,
      ...FAILS,
      'pjg_job_reads_total{source="stale"}': 1,
      pjg_job_state_age_seconds_count: 1,
      [ANSWERED('GetPackageJob', 'UPSTREAM_REJECTED')]: 1,
      [QUEUED('GetPackageJob')]: 1,
    },
    sums: { pjg_job_state_age_seconds_sum: expect.closeTo(5, 6) },
    ignored: /^pjg_key/,
  },
  {
    name: 'a list in place of gets',
    clock: CLOCK,
    async before(gateway, state) {
      const ids = Array.from({ length: 20 }, () => unfinished(gateway));
      await gateway.query(READ_MANY, { ids: ids.slice(0, 10) });
      await gateway.query(READ_MANY, { ids: ids.slice(10) });
      state.ids = ids;
      CLOCK.now += 5000;
    },
    act: (gateway, { ids }) => gateway.query(READ_MANY, { ids }),
    grows: {
      ...EXECUTED,
      'pjg_job_reads_total{source="get"}': 1,
      'pjg_job_reads_total{source="list"}': 19,
      [ANSWERED('GetPackageJob')]: 1,
      [QUEUED('GetPackageJob')]: 1,
      [ANSWERED('ListPackageJobs')]: 1,
      [QUEUED('ListPackageJobs')]: 1,
      pjg_list_batch_jobs_count: 1,
    },
    sums: { pjg_list_batch_jobs_sum: 20 },
    ignored: /^pjg_key/,
  },
  {
    name: 'a list that lags',
    clock: CLOCK,
    async before(gateway, state) {
      const ids = Array.from({ length: 20 }, () => unfinished(gateway));
      await gateway.query(READ_MANY, { ids });
      CLOCK.now += 700_000;
      await gateway.query(READ_MANY, { ids });
      CLOCK.now += 5000;
      gateway.emulator.faults.add({ kind: 'listLag', lagMs: 600_000, times: 'always' });
      for (const one of ids) gateway.emulator.jobs.finish(one, { status: 'Success' });
      state.ids = ids;
    },
    act: (gateway, { ids }) => gateway.query(READ_MANY, { ids }),
    grows: {
      ...EXECUTED,
      'pjg_job_reads_total{source="get"}': 20,
      [ANSWERED('GetPackageJob')]: 20,
      [QUEUED('GetPackageJob')]: 20,
      [ANSWERED('ListPackageJobs')]: 2,
      [QUEUED('ListPackageJobs')]: 2,
      pjg_list_batch_jobs_count: 1,
      pjg_list_contradictions_total: 1,
    },
    ignored: /^pjg_key/,
  },
  {
    name: 'pages that overlap',
    async act(gateway) {
      for (let job = 0; job < 60; job += 1) finished(gateway);
      gateway.emulator.faults.add({ kind: 'oddPage', page: 'overlap', times: 'always' });
      const PAGE =
        'query ($after: String) { packageJobs(first: 20, after: $after) { pageInfo { endCursor } } }';
      const { data } = await gateway.query(PAGE);
      const page = data?.['packageJobs'] as { pageInfo: { endCursor: string } } | undefined;
      await gateway.query(PAGE, { after: page?.pageInfo.endCursor });
    },
    grows: {
      ...Object.fromEntries(Object.entries(EXECUTED).map(([name, value]) => [name, 2 * value])),
      // The second page overlaps with the first, and the third with the second.
      pjg_list_violations_total: 2,
    },
    ignored: /ListPackageJobs/,
  },
  {
    name: 'jobs that memory has no room for',
    env: () => ({ CACHE_MAX_JOBS: '100', ICE_LIST_BATCHING: 'off' }),
    async act(gateway) {
      const ids = Array.from({ length: 120 }, () => finished(gateway));
      await gateway.query(READ_MANY, { ids: ids.slice(0, 60) });
      await gateway.query(READ_MANY, { ids: ids.slice(60) });
    },
    grows: {
      ...Object.fromEntries(Object.entries(EXECUTED).map(([name, value]) => [name, 2 * value])),
      [ANSWERED('GetPackageJob')]: 120,
      [QUEUED('GetPackageJob')]: 120,
      'pjg_job_reads_total{source="get"}': 120,
      'pjg_cache_evictions_total{cache="jobs"}': 20,
      'pjg_cache_entries{cache="jobs"}': 100,
      'pjg_cache_bytes{cache="jobs"}': atLeast(100 * 100),
    },
  },
];
