// `npm run dev` runs the gateway. It restarts it when src/ or schema/ changes, and rebuilds the pages when web/ changes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watch } from 'chokidar';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** What is built, and what editors write for themselves. */
const IGNORED = [/[/\\](dist|node_modules)([/\\]|$)/, /(~|\.swp|\.tmp)$/];
/** The pages contain the example operations. */
const OF_PAGES = /^(web|schema[/\\]operations)[/\\]/;
/** Editors and Git write many files at once. */
const QUIET_MS = 100;

const changed = new Set<string>();
let quiet: NodeJS.Timeout | undefined;
let isUpdating = false;
let isStopping = false;
let gateway = start('src/main.ts');

watch(['src', 'schema', 'web'], { cwd: ROOT, ignored: IGNORED, ignoreInitial: true })
  .on('all', (_event, name) => {
    changed.add(name);
    clearTimeout(quiet);
    quiet = setTimeout(() => void update(), QUIET_MS);
  })
  .on('ready', () => console.log('dev: watching src, schema and web'));

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    isStopping = true;
    // A terminal sends SIGINT to the gateway too. A second signal would end it at once.
    if (signal !== 'SIGINT') gateway.kill();
    void ended(gateway).then((code) => process.exit(code));
  });
}

/** Rebuilds and restarts until nothing has changed meanwhile. */
async function update(): Promise<void> {
  if (isUpdating) return;
  isUpdating = true;
  while (changed.size > 0) {
    const names = [...changed];
    changed.clear();
    console.log(`dev: changed: ${names.join(', ')}`);
    const ofPages = names.filter((name) => OF_PAGES.test(name));
    const code = ofPages.length > 0 ? await ended(start('web/build.ts')) : 0;
    // The gateway finds the pages when it starts.
    if (code !== 0 && ofPages.length === names.length) continue;
    gateway.kill();
    await ended(gateway);
    if (isStopping) return;
    gateway = start('src/main.ts');
  }
  isUpdating = false;
}

function start(file: string): ChildProcess {
  return spawn(process.execPath, [`${ROOT}${file}`], { stdio: 'inherit' });
}

/** Resolves to the exit code. */
async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? 1;
}
