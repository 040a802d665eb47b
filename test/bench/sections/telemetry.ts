import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { freePort } from '../../support/loopback.ts';
import { startOtlpReceiver } from '../../support/otlp.ts';
import { startGateway } from '../support/gateway.ts';
import { fire } from '../support/load.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type Check, type SectionResult } from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';
import { mainThreadMs } from '../support/usage.ts';

/** How often all gateways are started anew, as a process keeps for life what luck it has with its memory and its compiler. */
const STARTS = 5;
/** Turns are short, so that what else the machine does meets all of them. */
const TURNS = 12;
const TURN_SECONDS = 0.4;
const WARM_UP_SECONDS = 2;
/** How often each gateway is started to see how long that takes. */
const START_UPS = 9;

/** What the cached route keeps of its speed with metrics on, and with one trace in a hundred recorded. */
const LEAST = { metrics: 0.95, traces: 0.85 } as const;
/** How much longer the start may take, in milliseconds. */
const MORE_START_MS = 150;

const NAMES = ['metrics', 'traces'] as const;

type Name = 'off' | (typeof NAMES)[number];

/** What each start of each gateway took, in milliseconds. */
type Starts = Record<Name, number[]>;

/** The variables of each gateway. */
type Environments = Readonly<Record<Name, Readonly<Record<string, string>>>>;

/** What metrics and traces cost: where they cost most, which is a request that is answered from memory, and at the start. */
export async function telemetry(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const receiver = await startOtlpReceiver();
  const environments: Environments = {
    off: {},
    metrics: { METRICS_PORT: String(await freePort()) },
    traces: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    },
  };
  const shares = await measureShares(emulator, environments);
  const { startMs, cpuMs } = await measureStarts(emulator, environments);
  await receiver.close();
  await emulator.close();
  const more = (name: Name, all: Starts = startMs) =>
    all[name].map((ms, round) => ms - (all.off[round] ?? NaN));
  return {
    summary:
      `requests answered from memory, ${String(STARTS)} starts of all gateways, ${String(TURNS)} turns of ` +
      `${String(TURN_SECONDS)} s each, by time of the main thread; ${String(START_UPS)} starts until ready, in turns`,
    figures: [
      ...NAMES.map((name) => figureOf(`${name} / off, requests for each second of CPU`, shares[name], '')),
      figureOf('start with nothing on', startMs.off, 'ms'),
      ...NAMES.map((name) => figureOf(`start with ${name}, more than with nothing on`, more(name), 'ms')),
      figureOf('the same with nothing on, CPU of the main thread', cpuMs.off, 'ms'),
      ...NAMES.map((name) =>
        figureOf(`the same with ${name}, more CPU than with nothing on`, more(name, cpuMs), 'ms'),
      ),
    ],
    checks: NAMES.flatMap((name) => [
      shareCheck(name, median(shares[name])),
      startCheck(name, median(more(name))),
    ]),
  };
}

function shareCheck(name: keyof typeof LEAST, share: number): Check {
  const promise = `with ${name} at least ${String(LEAST[name])} of the requests for each second of CPU, it was ${share.toFixed(3)}`;
  return { promise, isKept: share >= LEAST[name] };
}

function startCheck(name: Name, moreMs: number): Check {
  const promise = `with ${name} ready at most ${String(MORE_START_MS)} ms later, it was ${moreMs.toFixed(0)} ms`;
  return { promise, isKept: moreMs <= MORE_START_MS };
}

/** For each start, the median over its rounds of what a gateway answered as a share of what the one with nothing on did. */
async function measureShares(emulator: Emulator, environments: Environments) {
  const next = createRequests(emulator).repeated(1);
  const shares: Record<(typeof NAMES)[number], number[]> = { metrics: [], traces: [] };
  for (let start = 0; start < STARTS; start += 1) {
    const gateways = [];
    for (const name of ['off', ...NAMES] as const) {
      const gateway = await startGateway(emulator, environments[name]);
      gateways.push({ next, name, url: gateway.url, pid: gateway.pid, stop: () => gateway.stop() });
      await fire({ next, url: gateway.url }, { seconds: WARM_UP_SECONDS });
    }
    const { ratesByCpu } = await takeTurns(gateways, TURNS, TURN_SECONDS, mainThreadMs);
    for (const name of NAMES) shares[name].push(median(sharesOf(ratesByCpu, name, 'off')));
    for (const { stop } of gateways) await stop();
  }
  return shares;
}

/** How long each start took, from the spawn of the process until it was ready, and how long its main thread ran. */
async function measureStarts(emulator: Emulator, environments: Environments) {
  const startMs: Starts = { off: [], metrics: [], traces: [] };
  const cpuMs: Starts = { off: [], metrics: [], traces: [] };
  const names = ['off', ...NAMES] as const;
  for (let round = 0; round < START_UPS; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const startedAt = performance.now();
      const gateway = await startGateway(emulator, environments[name]);
      startMs[name].push(performance.now() - startedAt);
      cpuMs[name].push(mainThreadMs(gateway.pid));
      await gateway.stop();
    }
  }
  return { startMs, cpuMs };
}
