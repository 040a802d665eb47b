import { setTimeout as pause } from 'node:timers/promises';
import { startGateway } from '../../../support/gateway.ts';
import { watchLateness } from '../../../support/lateness.ts';
import { Client } from './client.ts';
import { Ice } from './ice.ts';
import { violationsIn } from './invariants.ts';
import { randomFrom } from './random.ts';
import type { Settings } from './settings.ts';

/** How many clients each run has. */
const CLIENTS = 8;

/** How often something happens at ICE, in milliseconds. */
const STEP_MS = 250;

/** How long spells of faults and the pauses between them last, in milliseconds. */
const SPELL_MS = { min: 500, max: 4000 };

export interface Outcome {
  readonly violations: readonly string[];
  /** How many answers and events were checked. */
  readonly showings: number;
}

/** Lets clients do what they like for a time, and checks everything that they were shown. */
export async function run(settings: Settings, seed: number, forMs: number): Promise<Outcome> {
  const gateway = await startGateway({ env: settings.env });
  const process = watchLateness();
  const random = randomFrom(seed);
  const ice = new Ice(gateway.emulator, random, settings.lagMs);
  const end = AbortSignal.timeout(forMs);
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    return new Client(gateway.url, ice, randomFrom(seed + 1 + index));
  });

  async function change(): Promise<void> {
    while (!end.aborted) {
      ice.step();
      await pause(STEP_MS);
    }
  }
  async function disturb(): Promise<void> {
    while (!end.aborted) {
      await pause(random.integer(SPELL_MS.min, 2 * SPELL_MS.max));
      ice.disturb();
      await pause(random.integer(SPELL_MS.min, SPELL_MS.max));
      ice.clearFaults();
    }
  }
  async function act(client: Client): Promise<void> {
    while (!end.aborted) await client.step(end);
  }

  try {
    await Promise.all([change(), disturb(), ...clients.map(act)]);
  } finally {
    process.stop();
    await gateway.close();
  }
  const showings = clients.flatMap((client) => client.showings);
  const { lateness } = process;
  return {
    violations: [
      ...clients.flatMap((client) => client.violations),
      ...violationsIn({ showings, ice, settings, lateness }),
    ],
    showings: showings.length,
  };
}
