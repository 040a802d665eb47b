import { totalmem } from 'node:os';
import { constrainedMemory, version as nodeVersion } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { collectDefaultMetrics } from '@prometheus-io/client';
import type { Observed } from './observed.ts';
import { countOpenFiles } from './open-files.ts';
import type { Exposition } from './registry.ts';

/** Metrics of the package that are left out. */
const LEFT_OUT = [
  // Their names are not as Prometheus wants names to be.
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  // They look at every socket and every timer, which takes longer the more clients there are. Others tell the same.
  'nodejs_active_handles',
  'nodejs_active_requests',
  'nodejs_active_resources',
  'process_open_fds',
];

/** The longest time of a timer of Node, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What the process takes, which build it is, and whether it is ready. */
export function processMetrics(
  { caches, spans, version, events: { server } }: Observed,
  { registry, register }: Exposition,
): void {
  // The package observes the utilization of the event loop by a timer, though its metrics are left out.
  collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: MAX_TIMER_MS });
  for (const name of LEFT_OUT) registry.removeSingleMetric(name);
  register.gauge(
    {
      name: 'pjg_build_info',
      help: 'The version of the gateway and of its Node.js. The value is 1.',
      labels: ['version', 'node_version'],
    },
    () => [[1, version, nodeVersion]],
  );
  let isReady = false;
  server.on('ready', () => (isReady = true));
  register.gauge(
    { name: 'pjg_ready', help: 'Whether ICE has accepted a signed call, as /readyz says. 1 or 0.' },
    () => [[isReady ? 1 : 0]],
  );
  // Node.js reads files of the container for it, which would be the longest part of a scrape.
  const limit = memoryLimit();
  register.gauge(
    {
      name: 'pjg_memory_limit_bytes',
      help: 'What the process may take: the limit of its container at its start, or the machine.',
    },
    () => [[limit]],
  );
  register.gauge(
    { name: 'pjg_heap_limit_bytes', help: 'What the JavaScript heap may take before the process ends.' },
    () => [[getHeapStatistics().heap_size_limit]],
  );
  register.gauge({ name: 'process_open_fds', help: 'Number of open file descriptors.' }, async () => {
    const open = await countOpenFiles();
    return open === undefined ? [] : [[open]];
  });
  register.counter(
    {
      name: 'pjg_trace_spans_total',
      help: 'Spans: sent, failed (the collector did not take them in time), or dropped (too many waited to be sent).',
      labels: ['outcome'],
    },
    () => Object.entries(spans ?? {}).map(([outcome, count]) => [count, outcome]),
  );
  cacheMetrics(caches, register);
}

function cacheMetrics(caches: Observed['caches'], register: Exposition['register']): void {
  const labels = ['cache'];
  register.gauge({ name: 'pjg_cache_entries', help: 'Entries of a cache.', labels }, () =>
    [...caches].map(([name, { usage }]) => [usage.entries, name]),
  );
  register.gauge(
    { name: 'pjg_cache_bytes', help: 'What the entries of a cache take in memory.', labels },
    () => [...caches].map(([name, { usage }]) => [usage.bytes, name]),
  );
  register.gauge(
    { name: 'pjg_cache_max_bytes', help: 'The most that the entries of a cache may take.', labels },
    () => [...caches].map(([name, { usage }]) => [usage.maxBytes, name]),
  );
  register.counter(
    { name: 'pjg_cache_evictions_total', help: 'Entries that had to make room for others.', labels },
    () => [...caches].map(([name, { usage }]) => [usage.evictions, name]),
  );
}

/** In bytes. A process without a container may take the whole machine. */
function memoryLimit(): number {
  const limit = constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
