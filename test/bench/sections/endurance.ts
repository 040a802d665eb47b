import { startEmulator } from '../../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { fire } from '../support/load.ts';
import { createRequests } from '../support/requests.ts';
import type { SectionResult } from '../support/result.ts';
import { usageOf } from '../support/usage.ts';
import { NO_LIMITS } from '../../support/limits.ts';

const EARLY = 100_000;
const LATE = 1_000_000;
const MAX_GROWTH_MIB = 20;

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
  await fire({ url, next }, { answers: EARLY });
  const early = usageOf(pid).memory;
  await fire({ url, next }, { answers: LATE - EARLY });
  const late = usageOf(pid).memory;
  await gateway.stop();
  await emulator.close();
  const grown = (late - early) / 1024 / 1024;
  return {
    summary: 'resident memory of the gateway under a mixture of requests',
    figures: [
      { name: `after ${EARLY.toLocaleString('en')} requests`, value: early / 1_000_000, unit: 'MB' },
      { name: `after ${LATE.toLocaleString('en')} requests`, value: late / 1_000_000, unit: 'MB' },
    ],
    checks: [
      {
        promise: `no more than ${String(MAX_GROWTH_MIB)} MiB more after the rest, it was ${grown.toFixed(1)}`,
        isKept: grown <= MAX_GROWTH_MIB,
      },
    ],
  };
}
