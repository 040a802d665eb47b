import type { RequestEnd, RequestStart } from '../server/events.ts';
import { REQUEST_SECONDS } from './buckets.ts';
import type { LayerEvents } from './observed.ts';
import { PlainHistogram, type Distribution } from './plain-metrics.ts';
import type { Register } from './registry.ts';

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS'];
const ROUTES: readonly string[] = ['/graphql', '/', '/board', '/livez', '/readyz', '/schema.graphql'];
const OTHER = 'other';
/** What answered, in the words of the metric. */
const SOURCES = { stored: 'cached', prepared: 'prepared', executed: 'executed' } as const;

type Source = keyof typeof SOURCES;

/**
 * HTTP requests. The duration of a stream is its client's choice, so WebSockets and subscriptions that have begun are not
 * among the requests.
 */
export function httpMetrics({ server }: LayerEvents, register: Register): void {
  const durations = new PlainHistogram(
    {
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests, from their head to the end of their response. Streams are left out.',
      labels: ['method', 'route', 'status', 'source'],
    },
    REQUEST_SECONDS,
  );
  register.add(durations);
  const seriesOf = createLookUp(durations);
  let active = 0;
  server.on('requestStart', () => (active += 1));
  server.on('requestEnd', (request, end) => {
    active -= 1;
    if (end.source === 'upgraded' || isStream(end)) return;
    seriesOf(request, end.source, end.status).observe(end.durationMs / 1000, request.recordedTraceId);
  });
  register.gauge(
    { name: 'http_server_active_requests', help: 'HTTP requests under way, streams among them.' },
    () => [[active]],
  );
}

function isStream({ operation, status, refusal }: RequestEnd): boolean {
  const type: string | undefined = operation?.operation?.definition.operation;
  return type === 'subscription' && status === 200 && refusal === undefined && operation?.isClean === true;
}

/** Finds a series by numbers, as tens of thousands of requests a second ask for one. */
function createLookUp(durations: PlainHistogram) {
  const known: Record<Source, (Distribution | undefined)[]> = { stored: [], prepared: [], executed: [] };
  return ({ method, path }: RequestStart, source: Source, status: number): Distribution => {
    const methodIndex = METHODS.indexOf(method);
    const routeIndex = ROUTES.indexOf(path);
    const statusClass = Math.floor(status / 100);
    const index =
      (statusClass * (ROUTES.length + 1) + routeIndex + 1) * (METHODS.length + 1) + methodIndex + 1;
    return (known[source][index] ??= durations.series(
      METHODS[methodIndex] ?? OTHER,
      ROUTES[routeIndex] ?? OTHER,
      `${String(statusClass)}xx`,
      SOURCES[source],
    ));
  };
}
