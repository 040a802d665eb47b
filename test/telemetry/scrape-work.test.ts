import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';

interface Work {
  /** Blocks of code that were run. Some more or less are by chance. */
  readonly blocks: number;
  /** Items of maps, sets and lists that were gone through. */
  readonly items: number;
}

it('a scrape does as much with few jobs and streams as with many', async () => {
  const script = join(ROOT, 'test/telemetry/support/count-work.ts');
  const { PATH } = process.env;
  // Code that comes from the cache has no counters.
  const env = { PATH, NODE_DISABLE_COMPILE_CACHE: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  const { added, few, many } = JSON.parse(stdout) as {
    added: { subscriptions: number; connections: number };
    few: Work;
    many: Work;
  };
  // They are counted at all.
  expect([few.blocks > 1000, few.items > 100]).toEqual([true, true]);
  // To look at each once would be as many more.
  expect(many.blocks - few.blocks).toBeLessThan(added.subscriptions / 2);
  expect(many.items - few.items).toBeLessThan(added.connections / 2);
}, 180_000);
