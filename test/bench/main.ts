import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SECTIONS, type Section } from './sections.ts';
import { chartOf } from './support/chart.ts';
import { isPinned, nodeOn } from './support/program.ts';
import { describe, type SectionResult } from './support/result.ts';

/** Far more than any section takes, in milliseconds. */
const TIMEOUT_MS = 900_000;
const OUTPUT = new URL('../artifacts/', import.meta.url);

const names = process.argv.slice(2);
const unknown = names.filter((name) => SECTIONS[name] === undefined);
if (unknown.length > 0) {
  console.error(`No such section: ${unknown.join(', ')}. There are: ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(1);
}

console.log(
  `Node.js ${process.version}; servers and load ${isPinned ? 'on a core each' : 'share all cores'}\n`,
);
const results: Record<string, SectionResult> = {};
for (const [name, section] of Object.entries(SECTIONS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const result = await runApart(name, section);
  results[name] = result;
  console.log(describe(name, result));
}
await mkdir(OUTPUT, { recursive: true });
const run = { date: new Date().toISOString(), node: process.version, isPinned, results };
await writeFile(new URL('bench.json', OUTPUT), `${JSON.stringify(run, undefined, 2)}\n`);
const { throughput } = results;
if (throughput !== undefined) await writeFile(new URL('throughput.svg', OUTPUT), chartOf(throughput));

const broken = Object.values(results).flatMap(({ checks }) => checks.filter(({ isKept }) => !isKept));
if (broken.length > 0) {
  console.error(`${String(broken.length)} not kept:`);
  for (const { promise } of broken) console.error(`  ${promise}`);
  process.exitCode = 1;
}

/** Runs a section in a process of its own, so that no section finds what another left in memory. */
async function runApart(name: string, { core, nodeOptions }: Section): Promise<SectionResult> {
  const [command, ...words] = nodeOn(core);
  const file = fileURLToPath(new URL('section.ts', import.meta.url));
  const child = spawn(command, [...words, ...nodeOptions, file, name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    timeout: TIMEOUT_MS,
  });
  const { promise, resolve, reject } = Promise.withResolvers<SectionResult>();
  child.once('message', (message) => resolve(message as SectionResult));
  child.once('error', reject);
  child.once('close', (code) => reject(new Error(`${name} ended without a result (${String(code)})`)));
  return promise;
}
