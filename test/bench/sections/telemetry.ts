import { startEmulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { startOtlpReceiver } from '../../support/otlp.ts';
import { startGateway } from '../support/gateway.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';

const ROUNDS = 5;
const SECONDS = 1;
/** What the cached route keeps of its speed with metrics on, and with one trace in a hundred recorded. */
const WITH_METRICS = 0.95;
const WITH_TRACES = 0.85;

/** What metrics and traces cost where they cost most: a request for one job that is answered from memory. */
export async function telemetry(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const receiver = await startOtlpReceiver();
  const traces = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  };
  const off = await startGateway(emulator);
  const metrics = await startGateway(emulator, { METRICS_PORT: '19464' });
  const traced = await startGateway(emulator, traces);
  const next = createRequests(emulator).repeated(1);
  const { rates, ratesByCpu } = await takeTurns(
    [
      { next, name: 'off', url: off.url, pid: off.pid },
      { next, name: 'metrics', url: metrics.url, pid: metrics.pid },
      { next, name: 'traces', url: traced.url, pid: traced.pid },
    ],
    ROUNDS,
    SECONDS,
  );
  await Promise.all([off.stop(), metrics.stop(), traced.stop()]);
  await receiver.close();
  await emulator.close();
  const shares = {
    metrics: sharesOf(ratesByCpu, 'metrics', 'off'),
    traces: sharesOf(ratesByCpu, 'traces', 'off'),
  };
  const check = (name: 'metrics' | 'traces', least: number) => ({
    promise: `with ${name} at least ${String(least)} of the requests for each second of CPU, it was ${median(shares[name]).toFixed(2)}`,
    isKept: median(shares[name]) >= least,
  });
  return {
    summary: `requests answered from memory, ${String(ROUNDS)} rounds of ${String(SECONDS)} s in turns`,
    figures: [
      figureOf('nothing on', rates.get('off') ?? [], 'requests/s'),
      figureOf('metrics on', rates.get('metrics') ?? [], 'requests/s'),
      figureOf('traces at 1 %', rates.get('traces') ?? [], 'requests/s'),
      figureOf('metrics / off, by CPU time', shares.metrics, ''),
      figureOf('traces / off, by CPU time', shares.traces, ''),
    ],
    checks: [check('metrics', WITH_METRICS), check('traces', WITH_TRACES)],
  };
}
