import { startEmulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { fire } from '../support/load.ts';
import { createRequests } from '../support/requests.ts';
import type { SectionResult } from '../support/result.ts';
import { usageOf } from '../support/usage.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const MIB = 1024 * 1024;
const REQUESTS = 1_000_000;
/** By then the caches hold what they will hold of these requests. */
const FILLED = 300_000;
const MAX_GROWTH_MIB = 20;
/** The usual limit of a container. */
const MAX_MIB = 512;

/** What a gateway takes after a million requests, half of them repeated, half never, for 1 job and for 20. */
export async function endurance(): Promise<SectionResult> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const requests = createRequests(emulator);
  const gateway = await startGateway(emulator, { ICE_CALLS_PER_SECOND: '10000' });
  const kinds = [
    requests.repeated(1),
    requests.everNew(1),
    requests.repeated(20),
    requests.everNew(1),
    requests.repeated(1),
    requests.neverRepeated(20),
  ];
  let count = 0;
  const next = () => {
    count += 1;
    return kinds[count % kinds.length]?.() ?? '';
  };
  const { url, pid } = gateway;
  await fire({ url, next }, { answers: FILLED });
  const filled = usageOf(pid).memory;
  const rest = await fire({ url, next }, { answers: REQUESTS - FILLED });
  const { memory, peakMemory } = usageOf(pid);
  await gateway.stop();
  await emulator.close();
  const grownMiB = (memory - filled) / MIB;
  const peakMiB = peakMemory / MIB;
  return {
    summary: 'resident memory of the gateway under a mixture of requests',
    figures: [
      { name: `after ${FILLED.toLocaleString('en')} requests`, value: filled / 1_000_000, unit: 'MB' },
      { name: `after ${REQUESTS.toLocaleString('en')} requests`, value: memory / 1_000_000, unit: 'MB' },
      { name: 'the most', value: peakMemory / 1_000_000, unit: 'MB' },
      { name: 'answered', value: rest.answers / rest.seconds, unit: 'requests/s' },
    ],
    checks: [
      {
        promise: `never more than ${String(MAX_MIB)} MiB, it was ${peakMiB.toFixed(0)}`,
        isKept: peakMiB <= MAX_MIB,
      },
      {
        promise: `no more than ${String(MAX_GROWTH_MIB)} MiB more after the rest, it was ${grownMiB.toFixed(1)}`,
        isKept: grownMiB <= MAX_GROWTH_MIB,
      },
    ],
  };
}
