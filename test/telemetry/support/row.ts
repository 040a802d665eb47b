import { expect } from 'vitest';
import type { FaultRule } from '../../../src/emulator/server.ts';
import type { TestGateway } from '../../support/gateway.ts';

export const READ = 'query Read($id: ID!) { packageJob(id: $id) { id status } }';
export const READ_MANY = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';
export const POST = 'method="POST",route="/graphql",status="2xx"';
export const HTTP = 'http_server_request_duration_seconds_count';
/** What any query that is executed adds to. */
export const EXECUTED = {
  [`${HTTP}{${POST},source="executed"}`]: 1,
  'pjg_operations_total{type="query",outcome="ok",operation="other"}': 1,
  'pjg_operation_duration_seconds_count{type="query"}': 1,
  pjg_operation_cost_count: 1,
};
export const ANSWERED = (action: string, outcome = 'ok') =>
  `pjg_ice_request_duration_seconds_count{action="${action}",outcome="${outcome}"}`;
export const ANSWERED_IN = (action: string, outcome = 'ok') =>
  ANSWERED(action, outcome).replace('_count{', '_sum{');
export const QUEUED = (action: string) => `pjg_ice_queue_duration_seconds_count{action="${action}"}`;
/** What one GetPackageJob that ICE answers at once adds to. */
export const GET = {
  [ANSWERED('GetPackageJob')]: 1,
  [QUEUED('GetPackageJob')]: 1,
  'pjg_job_reads_total{source="get"}': 1,
};
export const FAILED = {
  ...EXECUTED,
  'pjg_operations_total{type="query",outcome="ok",operation="other"}': 0,
  'pjg_operations_total{type="query",outcome="error",operation="other"}': 1,
};
export const REFUSED = {
  [`${HTTP}{${POST},source="executed"}`]: 1,
  'pjg_operations_total{type="unknown",outcome="refused",operation="other"}': 1,
  'pjg_operation_duration_seconds_count{type="unknown"}': 1,
};

/** What one row remembers. */
export interface State {
  ids: string[];
  /** Ends what it left open. */
  stop: () => unknown;
}

export interface Row {
  readonly name: string;
  readonly env?: () => Readonly<Record<string, string>>;
  /** @default the clock of the machine */
  readonly clock?: { now: number };
  /** What has to have happened before. */
  readonly before?: (gateway: TestGateway, state: State) => Promise<unknown>;
  readonly act: (gateway: TestGateway, state: State) => Promise<unknown>;
  /** By how much each series grows: a number, or a matcher of numbers. No other series may grow. */
  readonly grows: Readonly<Record<string, unknown>>;
  /** The same of sums of histograms. Other sums may grow, as durations do. */
  readonly sums?: Readonly<Record<string, unknown>>;
  /** Metrics that grow with time, or with the order in which things happen. What `grows` has is looked at all the same. */
  readonly ignored?: RegExp;
}

/** How long something is waited for that comes at once on a quiet machine. */
export const PATIENT = { timeout: 30_000 };

/** Matches what is as much at least. */
export const atLeast = (least: number): unknown => expect.toSatisfy((value: number) => value >= least);

export const finished = ({ emulator }: TestGateway) =>
  emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
export const unfinished = ({ emulator }: TestGateway) => emulator.jobs.add({ finishTime: Infinity });
/** A read that this fault meets. */
export const fault =
  (rule: FaultRule, jobOf = finished) =>
  (gateway: TestGateway) => {
    gateway.emulator.faults.add({ action: 'GetPackageJob', ...rule });
    return gateway.query(READ, { id: jobOf(gateway) });
  };
export const FAILS = { 'pjg_job_reads_total{source="failed"}': 1 };

/** A failure that is tried three times. */
export const thrice = (code: string) => ({
  ...FAILED,
  ...FAILS,
  [ANSWERED('GetPackageJob', code)]: 3,
  [QUEUED('GetPackageJob')]: 3,
  'pjg_ice_retries_total{action="GetPackageJob"}': 2,
  [`pjg_errors_total{code="${code}"}`]: 1,
});

export const CLOCK = { now: Date.now() };
