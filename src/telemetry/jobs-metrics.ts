import type { Sweep } from '../jobs/events.ts';
import { AGE_SECONDS, CALL_SECONDS, JOBS } from './buckets.ts';
import type { Observed } from './observed.ts';
import { PlainCounter, PlainHistogram } from './plain-metrics.ts';
import type { Register } from './registry.ts';

/** Reads of jobs, how old what is served is, and who watches. */
export function jobsMetrics(observed: Observed, register: Register): void {
  countReads(observed, register);
  countSweeps(observed, register);
  const { jobs, jobMaxAgeMs } = observed;
  register.gauge({ name: 'pjg_watched_jobs', help: 'Distinct jobs that somebody watches.' }, () => [
    [jobs.usage.watchedJobs],
  ]);
  register.gauge(
    { name: 'pjg_job_listeners', help: 'Subscriptions and waits, one for each job that they listen to.' },
    () => [[jobs.usage.listeners]],
  );
  register.gauge(
    {
      name: 'pjg_job_max_age_seconds',
      help: 'JOB_MAX_AGE_MS: the longest that an unfinished job is served without asking ICE while ICE works.',
    },
    () => [[jobMaxAgeMs / 1000]],
  );
}

function countReads({ events: { jobs } }: Observed, register: Register): void {
  const reads = new PlainCounter({
    name: 'pjg_job_reads_total',
    help: 'Reads of jobs by how they were answered. A failed read that a stale state stood in for counts as both.',
    labels: ['source'],
  });
  const ages = new PlainHistogram(
    {
      name: 'pjg_job_state_age_seconds',
      help: 'Age of unfinished jobs that were served from memory; of several in one response, that of the oldest.',
    },
    AGE_SECONDS,
  );
  register.add(reads);
  register.add(ages);
  const age = ages.series();
  const cached = {
    hit: reads.series('hit'),
    collapsed: reads.series('collapsed'),
    stale: reads.series('stale'),
  };
  const [byGet, byList, failed] = [reads.series('get'), reads.series('list'), reads.series('failed')];
  jobs.on('cached', (status, count, ageMs) => {
    cached[status].value += count;
    if (ageMs >= 0) age.observe(ageMs / 1000);
  });
  jobs.on('sourceReadEnd', (_read, source, isShared) => {
    // One by a shared list was told to be collapsed.
    if (isShared) return;
    (source === undefined ? failed : source === 'get' ? byGet : byList).value += 1;
  });
}

function countSweeps({ events: { jobs } }: Observed, register: Register): void {
  const durations = new PlainHistogram(
    {
      name: 'pjg_sweep_duration_seconds',
      help: 'Duration of sweeps, which read the watched jobs that are due.',
    },
    CALL_SECONDS,
  );
  const sizes = new PlainHistogram(
    { name: 'pjg_sweep_jobs', help: 'Jobs that a sweep reads. The count of it is the number of sweeps.' },
    JOBS,
  );
  const batches = new PlainHistogram(
    { name: 'pjg_list_batch_jobs', help: 'Jobs that one list was read for, in place of as many requests.' },
    JOBS,
  );
  const contradictions = new PlainCounter({
    name: 'pjg_list_contradictions_total',
    help: 'Lists that still showed a job as unfinished that had finished. No list is trusted for a minute then.',
  });
  const violations = new PlainCounter({
    name: 'pjg_list_violations_total',
    help: 'Pages of a list that overlapped, or led in a circle.',
  });
  for (const metric of [durations, sizes, batches, contradictions, violations]) register.add(metric);
  const [duration, size, batch] = [durations.series(), sizes.series(), batches.series()];
  const [contradicted, odd] = [contradictions.series(), violations.series()];
  const startedAt = new WeakMap<Sweep, number>();
  jobs.on('sweepStart', (sweep) => {
    startedAt.set(sweep, performance.now());
    size.observe(sweep.jobs);
  });
  jobs.on('sweepEnd', (sweep) => duration.observe((performance.now() - (startedAt.get(sweep) ?? 0)) / 1000));
  jobs.on('listBatch', (count) => batch.observe(count));
  jobs.on('listContradiction', () => (contradicted.value += 1));
  jobs.on('listViolation', () => (odd.value += 1));
}
