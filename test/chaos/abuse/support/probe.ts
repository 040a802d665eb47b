/**
 * Is loaded into the process of the gateway by `--import`. It tells its parent what the process holds. It keeps nothing alive
 * and imports nothing of the gateway.
 */

import { setImmediate } from 'node:timers/promises';

/** What a process holds. Memory is in bytes. */
export interface Holding {
  readonly rss: number;
  /** Objects, and buffers outside of the heap. */
  readonly retained: number;
  /** The time for which the process has computed, in milliseconds. */
  readonly cpuMs: number;
  /** Handles and requests that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** A question of the parent. */
export interface Question {
  readonly id: number;
  /** Whether garbage is collected before. */
  readonly collects: boolean;
}

async function answer({ id, collects }: Question): Promise<void> {
  // What one collection finalizes is free after the next.
  for (let left = collects ? 3 : 0; left > 0; left -= 1) {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await setImmediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const holding: Holding = {
    rss,
    retained: heapUsed + external,
    cpuMs: (user + system) / 1000,
    resources,
  };
  process.send?.({ id, holding });
}

process.on('message', (question: Question) => void answer(question));
process.channel?.unref();
