import { expect } from 'vitest';
import { scrape } from '../../support/scrape.ts';
import {
  atLeast,
  PATIENT,
  ANSWERED_IN,
  READ,
  EXECUTED,
  ANSWERED,
  QUEUED,
  GET,
  FAILED,
  finished,
  FAILS,
  thrice,
  fault,
  type Row,
} from './row.ts';

/** What an ICE that fails adds to. */
export const OF_ICE: readonly Row[] = [
  {
    name: 'a read that ICE throttles once',
    act: fault({ kind: 'throttle', retryAfterMs: 1500 }),
    grows: {
      ...EXECUTED,
      ...GET,
      [ANSWERED('GetPackageJob', 'UPSTREAM_THROTTLED')]: 1,
      [QUEUED('GetPackageJob')]: 2,
      'pjg_ice_retries_total{action="GetPackageJob"}': 1,
      'pjg_ice_throttled_total{action="GetPackageJob"}': 1,
      // From 10,000 to nine tenths of half of it. Then it grows by 1 each second.
      'pjg_ice_rate_limit{action="GetPackageJob"}': expect.toSatisfy(
        (change: number) => change >= -5500 && change < -5000,
      ),
    },
    // A second less than it has to wait, as the retry may come late to the queue.
    sums: { 'pjg_ice_queue_duration_seconds_sum{action="GetPackageJob"}': atLeast(0.3) },
  },
  {
    name: 'an ICE that fails',
    act: fault({ kind: 'status', status: 500, times: 'always' }),
    grows: thrice('UPSTREAM_UNAVAILABLE'),
  },
  {
    name: 'an ICE that hangs',
    env: () => ({ ICE_TIMEOUT_MS: '50' }),
    act: fault({ kind: 'hang', when: 'before-headers', times: 'always' }),
    grows: thrice('UPSTREAM_TIMEOUT'),
    sums: { [ANSWERED_IN('GetPackageJob', 'UPSTREAM_TIMEOUT')]: atLeast(3 * 0.045) },
  },
  {
    name: 'an ICE that sends a page',
    act: fault({ kind: 'html', times: 'always' }),
    grows: thrice('UPSTREAM_MALFORMED'),
  },
  {
    name: 'an ICE that refuses',
    act: fault({ kind: 'status', status: 403, code: 'Forbidden.RAM' }),
    grows: {
      ...FAILED,
      ...FAILS,
      [ANSWERED('GetPackageJob', 'UPSTREAM_REJECTED')]: 1,
      [QUEUED('GetPackageJob')]: 1,
      'pjg_errors_total{code="UPSTREAM_REJECTED"}': 1,
    },
  },
  {
    name: 'a call that hangs, and two that wait for its place',
    env: () => ({ ICE_MAX_CONCURRENCY: '1' }),
    async act({ emulator, metricsUrl, query }, state) {
      const leave = new AbortController();
      state.stop = () => leave.abort();
      emulator.faults.add({ kind: 'hang', when: 'before-headers', times: 'always' });
      for (let job = 0; job < 3; job += 1) {
        const id = emulator.jobs.add({ finishTime: Infinity });
        query(READ, { id }, {}, leave.signal).catch(() => undefined);
      }
      const queued = 'pjg_ice_queue_length{action="GetPackageJob"}';
      await expect.poll(async () => (await scrape(metricsUrl)).series.get(queued), PATIENT).toBe(2);
    },
    grows: {
      http_server_active_requests: 3,
      pjg_ice_requests_in_flight: 1,
      [QUEUED('GetPackageJob')]: 1,
      'pjg_ice_queue_length{action="GetPackageJob"}': 2,
    },
  },
  {
    name: 'a member that ICE does not document',
    act: fault({ kind: 'patch', patch: { Status: 'Paused' } }),
    grows: { ...EXECUTED, ...GET, 'pjg_ice_contract_violations_total{kind="unknown enum text"}': 1 },
  },
  {
    name: 'a breaker that opens',
    async before(gateway) {
      gateway.emulator.faults.add({ kind: 'status', status: 500, times: 'always', action: 'GetPackageJob' });
      for (let time = 0; time < 3; time += 1) await gateway.query(READ, { id: finished(gateway) });
    },
    async act(gateway) {
      await gateway.query(READ, { id: finished(gateway) });
    },
    grows: {
      ...FAILED,
      ...FAILS,
      [ANSWERED('GetPackageJob', 'UPSTREAM_UNAVAILABLE')]: 1,
      [QUEUED('GetPackageJob')]: 1,
      'pjg_ice_breaker_opened_total{action="GetPackageJob"}': 1,
      'pjg_ice_refused_total{action="GetPackageJob",code="UPSTREAM_UNAVAILABLE"}': 1,
      'pjg_ice_breaker_state{action="GetPackageJob",state="closed"}': -1,
      'pjg_ice_breaker_state{action="GetPackageJob",state="open"}': 1,
      'pjg_errors_total{code="UPSTREAM_UNAVAILABLE"}': 1,
    },
  },
  {
    name: 'a clock that differs from that of ICE',
    act: fault({ kind: 'clockSkew', skewMs: 3_600_000, times: 'always' }),
    grows: {
      ...EXECUTED,
      ...GET,
      [ANSWERED('GetPackageJob', 'UPSTREAM_REJECTED')]: 1,
      [QUEUED('GetPackageJob')]: 2,
      'pjg_ice_retries_total{action="GetPackageJob"}': 1,
      // Dates have seconds.
      pjg_ice_clock_difference_seconds: expect.closeTo(3600, -1),
    },
    ignored: /^pjg_key/,
  },
];
