import { cpSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../support/folder.ts';
import { MEMORY as LIMIT, runContainer, type Container } from './container.ts';
import { BUSYBOX, type ImageConfig } from './image.ts';
import { runConfined } from './unpacked.ts';

/** How long a machine has to show that it can do something, in milliseconds. */
const PATIENCE_MS = 180_000;

/** Why this machine cannot do something, on one line, or `undefined` where it can. It has nothing of this repository in it. */
export async function whyNot(attempt: (folder: string) => Promise<void>): Promise<string | undefined> {
  const removals: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it took too long')), PATIENCE_MS);
    });
    await Promise.race([attempt(makeFolder({}, (remove) => removals.push(remove))), late]);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.trim().replaceAll(/\s+/g, ' ').slice(-300);
  } finally {
    clearTimeout(timer);
    for (const remove of removals) remove();
  }
}

/** A root with a busybox in it, and nothing else. */
function writeSmallRoot(folder: string): string {
  const root = join(folder, 'small');
  for (const path of ['app', 'dev', 'proc', 'sys/fs/cgroup'])
    mkdirSync(join(root, path), { recursive: true });
  cpSync(realpathSync(BUSYBOX.path), join(root, 'busybox'));
  return root;
}

const SMALL: ImageConfig = {
  User: '65532:65532',
  Env: ['PATH=/'],
  Entrypoint: ['/busybox'],
  Cmd: ['sh', '-c', 'echo started; exec /busybox sleep 60'],
  WorkingDir: '/app',
  StopSignal: 'SIGTERM',
  Labels: {},
  ExposedPorts: {},
  Healthcheck: { Test: [] },
};

/** Asks a container of one program for all that the tests ask of the real one. */
async function askAll(container: Container): Promise<void> {
  try {
    const [code, output] = await container.exec('/busybox', 'sh', '-c', '/busybox id -u; echo > /file');
    if (!/^65532\n.*Read-only/s.test(output)) throw new Error(`exec ended with ${String(code)}: ${output}`);
    const { limit = LIMIT, most, kills } = container.memory();
    if (limit !== LIMIT || !(most > 0) || kills !== 0) throw new Error('its memory is not counted');
  } finally {
    await container.kill();
  }
}

/** Runs one program in a container with a limit of its memory. */
export async function tryToRun(folder: string): Promise<void> {
  await askAll(await runContainer(SMALL, writeSmallRoot(folder), {}, folder));
}

/** Runs one program on a read-only root, as another user. */
export async function tryToConfine(folder: string): Promise<void> {
  await askAll(await runConfined(SMALL, writeSmallRoot(folder), {}));
}
