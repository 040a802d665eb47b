import { test } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createIceClient, type CallContext, type IceClient } from '../../src/ice/client.ts';
import { createCounters, type Counters } from '../../src/telemetry/counters.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import type { Oddity } from '../../src/ice/decode.ts';
import { startGateway, type TestGateway } from './gateway.ts';

/** What an upstream client is tested with. */
export interface ClientSetting {
  readonly ice: IceClient;
  /** Everything the client reported. */
  readonly oddities: Oddity[];
  readonly counters: Counters;
  /** A context without a deadline, which keeps no record. */
  readonly context: CallContext;
}

/** Only tests of throttling are to meet a limit. */
const NO_LIMITS = { GetPackageJob: Infinity, ListPackageJobs: Infinity, SubmitPackageJob: Infinity };

/** `it` with an emulator, a client of it, or a whole gateway, each made for the one test that names it. */
export const it = test.extend<{ emulator: Emulator; client: ClientSetting; gateway: TestGateway }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  emulator: async ({}, use) => {
    const emulator = await startEmulator({ limits: NO_LIMITS });
    await use(emulator);
    await emulator.close();
  },
  client: async ({ emulator }, use) => {
    const oddities: Oddity[] = [];
    const counters = createCounters();
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 500,
      callsPerSecond: 1000,
      maxConcurrency: 32,
      report: (oddity) => oddities.push(oddity),
      counters,
    });
    await use({
      ice,
      oddities,
      counters,
      context: { signal: new AbortController().signal, caller: {}, record: () => undefined },
    });
    ice.close();
  },
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  gateway: async ({}, use) => {
    const gateway = await startGateway();
    await use(gateway);
    await gateway.close();
  },
});
