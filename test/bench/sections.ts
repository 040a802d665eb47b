import { cluster } from './sections/cluster.ts';
import { coalescing } from './sections/coalescing.ts';
import { economy } from './sections/economy.ts';
import { endurance } from './sections/endurance.ts';
import { growth } from './sections/growth.ts';
import { identity } from './sections/identity.ts';
import { live } from './sections/live.ts';
import { polling } from './sections/polling.ts';
import { replicas } from './sections/replicas.ts';
import { revalidation } from './sections/revalidation.ts';
import { scrape } from './sections/scrape.ts';
import { soak } from './sections/soak.ts';
import { start } from './sections/start.ts';
import { telemetry } from './sections/telemetry.ts';
import { throughput } from './sections/throughput.ts';
import type { Core } from './support/program.ts';
import type { SectionResult } from './support/result.ts';

/** A part of the benchmarks, which runs in a process of its own. */
export interface Section {
  readonly run: () => Promise<SectionResult>;
  /** Where that process runs: one that makes load stays off the servers' core. */
  readonly core: Core;
  /** Options of that process's Node.js. */
  readonly nodeOptions: readonly string[];
}

/** All of them, by name, in the order they run in. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  start: { run: start, core: 'any', nodeOptions: [] },
  coalescing: { run: coalescing, core: 'load', nodeOptions: [] },
  polling: { run: polling, core: 'load', nodeOptions: [] },
  economy: { run: economy, core: 'load', nodeOptions: [] },
  live: { run: live, core: 'load', nodeOptions: [] },
  soak: { run: soak, core: 'any', nodeOptions: ['--expose-gc'] },
  throughput: { run: throughput, core: 'load', nodeOptions: [] },
  identity: { run: identity, core: 'load', nodeOptions: [] },
  telemetry: { run: telemetry, core: 'load', nodeOptions: [] },
  scrape: { run: scrape, core: 'load', nodeOptions: [] },
  replicas: { run: replicas, core: 'load', nodeOptions: [] },
  cluster: { run: cluster, core: 'load', nodeOptions: [] },
  revalidation: { run: revalidation, core: 'load', nodeOptions: [] },
  growth: { run: growth, core: 'load', nodeOptions: [] },
  endurance: { run: endurance, core: 'load', nodeOptions: [] },
};
