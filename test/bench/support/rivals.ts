import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Emulator } from '../../../src/emulator/server.ts';
import { startGateway } from './gateway.ts';
import type { Program } from './program.ts';

const FOLDER = new URL('../rivals/', import.meta.url);
const LOCK = new URL('package-lock.json', FOLDER);
const INSTALLED = new URL('node_modules/.installed-lock.json', FOLDER);

/** The rivals by name: the program of each, and what its environment adds. */
const RIVALS: Readonly<Record<string, { readonly file: string; readonly env?: Record<string, string> }>> = {
  'mercurius + JIT': { file: 'mercurius.mjs' },
  'Yoga + JIT': { file: 'yoga.mjs' },
  'Yoga + JIT + response cache': { file: 'yoga.mjs', env: { CACHE: 'on' } },
  'Apollo standalone': { file: 'apollo.mjs' },
};

export type Rivals = ReadonlyMap<string, Program>;

/** Installs what the rivals need, unless it is there, and starts each in front of the emulator. */
export async function startRivals(emulator: Emulator): Promise<Rivals> {
  install();
  const started = new Map<string, Program>();
  for (const [name, { file, env }] of Object.entries(RIVALS)) {
    const limits = { ICE_CALLS_PER_SECOND: '10000', ...env };
    started.set(name, await startGateway(emulator, limits, `rivals/${file}`));
  }
  return started;
}

function install(): void {
  const wanted = readFileSync(LOCK, 'utf8');
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === wanted) return;
  console.log('installing the rivals, once');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], {
    cwd: fileURLToPath(FOLDER),
    stdio: 'inherit',
  });
  writeFileSync(INSTALLED, wanted);
}
