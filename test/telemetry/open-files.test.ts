import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { countOpenFiles } from '../../src/telemetry/open-files.ts';

describe.skipIf(process.platform !== 'linux')('the number of open files', () => {
  it('grows with each that is opened', async () => {
    const before = (await countOpenFiles()) ?? NaN;
    const files = await Promise.all(Array.from({ length: 50 }, () => open(import.meta.filename)));
    const during = (await countOpenFiles()) ?? NaN;
    await Promise.all(files.map((file) => file.close()));
    // Something else of the process may open or close one or two meanwhile.
    expect(during - before).toBeGreaterThan(40);
    expect(during - before).toBeLessThan(60);
  });

  it('is counted where the system does not say it', async () => {
    // The size of this folder is 0, as that of `fd` was before Linux 6.2.
    const folder = '/proc/self/task';
    expect(await countOpenFiles(folder)).toBe(readdirSync(folder).length - 1);
  });

  it('is not told where there is no such folder', async () => {
    expect(await countOpenFiles('/proc/self/nothing')).toBeUndefined();
  });
});
