import { test } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createIceClient, type CallContext, type IceClient } from '../../src/ice/client.ts';
import { countEvents, type Counters } from '../../src/telemetry/counters.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import type { ContractViolation } from '../../src/ice/decode.ts';
import { createEvents } from './events.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { NO_LIMITS } from './limits.ts';

/** What an upstream client is tested with. */
export interface ClientSetting {
  readonly ice: IceClient;
  /** Everything the client reported. */
  readonly violations: ContractViolation[];
  readonly counters: Counters;
  /** A context without a deadline, which keeps no record. */
  readonly context: CallContext;
}

/** `it` with an emulator, a client of it, or a whole gateway, each made for the one test that names it. */
export const it = test.extend<{ emulator: Emulator; client: ClientSetting; gateway: TestGateway }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  emulator: async ({}, use) => {
    const emulator = await startEmulator({ limits: NO_LIMITS });
    await use(emulator);
    await emulator.close();
  },
  client: async ({ emulator }, use) => {
    const violations: ContractViolation[] = [];
    const events = createEvents().ice;
    const counters = countEvents({ ice: events });
    events.on('contractViolation', (violation) => violations.push(violation));
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 500,
      callsPerSecond: 1000,
      maxConcurrency: 32,
      events,
    });
    await use({
      ice,
      violations,
      counters,
      context: { signal: new AbortController().signal, client: '', turnKey: {}, onCall: () => undefined },
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
