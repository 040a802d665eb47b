import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { rowsOf } from '../support/markdown.ts';
import { growth, scrape, type Scrape } from '../support/scrape.ts';
import type { State } from './support/row.ts';
import { OF_ICE } from './support/rows-of-ice.ts';
import { READS } from './support/rows-of-reads.ts';
import { OF_SERVER } from './support/rows-of-server.ts';

/** What goes by the clock, or by what is in memory, and not by what happens alone. */
const UNSTEADY = /^(?:nodejs|process|pjg_key_age|pjg_cache_(?:bytes|entries))/;

describe('metrics', () => {
  const moved = new Set<string>();

  it.for([...READS, ...OF_ICE, ...OF_SERVER])(
    'grow by the right amount with $name',
    async ({ env, clock, before, act, grows, ignored }) => {
      const gateway = await startGateway({
        env: { JIT: 'off', ANSWERS_MAX_MB: '0', ...env?.() },
        emulator: { seed: 'none' },
        hasMetrics: true,
        ...(clock && { now: () => clock.now }),
      });
      const state: State = { ids: [], stop: () => undefined };
      await before?.(gateway, state);
      const first = await settled(gateway);
      await act(gateway, state);
      const last = await settled(gateway);
      const grown = [...growth(first, last)].filter(([name]) => {
        moved.add(name.replace(/\{.*/, '').replace(/_count$/, ''));
        return !UNSTEADY.test(name) && ignored?.test(name) !== true;
      });
      state.stop();
      await gateway.close();
      const expected = Object.entries(grows).filter(
        ([name, value]) => value !== 0 && ignored?.test(name) !== true,
      );
      expect(Object.fromEntries(grown)).toEqual(Object.fromEntries(expected));
    },
  );

  afterAll(() => {
    // What has no row here has a test of its own.
    const apart =
      /^(?:nodejs|process)|_limit|_max_|_info$|_in_flight$|_length$|_ready$|^pjg_unexpected|^pjg_key_|^pjg_redis_/;
    const names = rowsOf(readFileSync(join(ROOT, 'docs/telemetry.md'), 'utf8'), 'metric').map(([name = '']) =>
      name.replaceAll('`', ''),
    );
    expect(names.filter((name) => !moved.has(name) && !apart.test(name))).toEqual([]);
  });
});

/** A scrape at which no request is under way but what waits. The end of a request is told of once its client has its answer. */
async function settled({ metricsUrl }: TestGateway): Promise<Scrape> {
  let last = await scrape(metricsUrl);
  for (;;) {
    await setTimeout(20);
    const next = await scrape(metricsUrl);
    const changed = [...growth(last, next).keys()].filter((name) => !UNSTEADY.test(name));
    if (changed.every((name) => /^pjg_(?:sweep_|job_reads|ice_)/.test(name))) return next;
    last = next;
  }
}
