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
  /** The pages of the heap, with what is free in them. */
  readonly heap: number;
  /** The time for which the process has computed, in milliseconds. */
  readonly cpuMs: number;
  /**
   * The longest turn of the event loop since the process was asked last, in milliseconds that its main thread has computed. What
   * else the machine does changes it little. Collections are in it, but for those that were asked for.
   */
  readonly longestTurnMs: number;
  /** Handles and requests that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** A question of the parent. */
export interface Question {
  readonly id: number;
  /** Whether garbage is collected before. */
  readonly collects: boolean;
}

/** How often the time of the main thread is looked at, in milliseconds. A turn of the event loop looks once at most. */
const LOOK_MS = 2;

let lookedAt = threadMs();
let longestTurnMs = 0;

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function look(): void {
  const now = threadMs();
  longestTurnMs = Math.max(longestTurnMs, now - lookedAt);
  lookedAt = now;
}

setInterval(look, LOOK_MS).unref();

async function answer({ id, collects }: Question): Promise<void> {
  look();
  const turnMs = longestTurnMs;
  // What one collection finalizes is free after the next.
  for (let left = collects ? 3 : 0; left > 0; left -= 1) {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await setImmediate();
  }
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const holding: Holding = {
    rss,
    retained: heapUsed + external,
    heap: heapTotal,
    cpuMs: (user + system) / 1000,
    longestTurnMs: turnMs,
    resources,
  };
  process.send?.({ id, holding });
  look();
  longestTurnMs = 0;
}

process.on('message', (question: Question) => void answer(question));
process.channel?.unref();
