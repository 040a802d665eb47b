import { spawn } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ROOT } from '../support/command.ts';
import { runProgram } from '../support/deploy-tools.ts';
import { read } from './support.ts';
import { writeRuntime, type ImageConfig } from './image.ts';
import { watchOutput, type Container } from './container.ts';

/** An instruction of a Dockerfile, on one line. */
interface Instruction {
  readonly name: string;
  readonly text: string;
}

const instructionsOf = (dockerfile: string): Instruction[] =>
  dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return name === '' ? [] : [{ name, text: text.trim() }];
    });

/**
 * Makes the files of the image as deploy/Dockerfile says, in a folder of this machine, where nothing can build images. Its
 * instructions are followed here, so what is shown is what they leave, and not that a builder accepts them.
 *
 * @returns the folder, and what the Dockerfile says of containers
 */
export async function unpackImage(
  folder: string,
  args: Readonly<Record<string, string>>,
): Promise<{ root: string; config: ImageConfig }> {
  const root = join(folder, 'root');
  writeRuntime(root);
  const said = new Map<string, string>();
  let stage = '';
  for (const { name, text } of instructionsOf(read('deploy/Dockerfile'))) {
    if (name === 'FROM') stage = / AS (\w+)$/.exec(text)?.[1] ?? 'last';
    const app = stage === 'last' ? join(root, 'app') : join(folder, stage);
    mkdirSync(app, { recursive: true });
    if (name === 'COPY') copy(text, app, folder);
    else if (name === 'RUN') await runHere(text, app, args);
    else if (stage === 'last') said.set(name, text);
  }
  const list = (name: string) => JSON.parse(said.get(name) ?? '[]') as string[];
  return {
    root,
    config: {
      User: said.get('USER') ?? '',
      Env: (said.get('ENV') ?? '').split(/\s+/),
      Entrypoint: list('ENTRYPOINT'),
      Cmd: list('CMD'),
      WorkingDir: said.get('WORKDIR') ?? '',
      StopSignal: said.get('STOPSIGNAL') ?? '',
      Labels: {},
      ExposedPorts: {},
      Healthcheck: { Test: [] },
    },
  };
}

/** What .dockerignore leaves out of the folders that are copied. */
const IGNORED = join(ROOT, 'web/dist');

/** `COPY [--from=stage] file… target` */
function copy(text: string, app: string, folder: string): void {
  const words = text.split(/\s+/);
  const [, from] = /^--from=(\w+)$/.exec(words[0] ?? '') ?? [];
  const target = join(app, words.at(-1) ?? '');
  const isFolder = target.endsWith('/');
  const base = from === undefined ? ROOT : join(folder, from);
  const paths = words.slice(from === undefined ? 0 : 1, -1).map((word) => word.replace(/^\/app\//, ''));
  for (const path of paths.flatMap((path) => globSync(path, { cwd: base }))) {
    const to = isFolder ? join(target, basename(path)) : target;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(base, path), to, { recursive: true, filter: (source) => source !== IGNORED });
  }
}

async function runHere(text: string, app: string, args: Readonly<Record<string, string>>): Promise<void> {
  const command = text.replaceAll(/--mount=\S+/g, '');
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_(?:package|lifecycle|config_local)|INIT_CWD|NODE_ENV|VITEST)/.test(name),
  );
  const env = { ...Object.fromEntries(inherited), ...args };
  const { code, stdout, stderr } = await runProgram('/bin/sh', ['-c', command], { cwd: app, env });
  if (code !== 0) throw new Error(`${command}:\n${stdout}\n${stderr}`);
}

/** Makes a root read-only for one process, gives it the image's user and no way to more rights, and starts it. */
const CONFINE = `
mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
  mount -t proc proc "$1/proc" && mount -t tmpfs -o size=64k tmpfs "$1/dev" || exit 125
root=$1 workdir=$2 user=$3
shift 3
exec setpriv --no-new-privs unshare --root="$root" --wd="$workdir" --setgid="$user" --setuid="$user" -- "$@"`;

/** What Node.js takes of 512 MiB by itself. Without a container's limit it goes by the machine's memory. */
const HEAP = '--max-old-space-size=256';

/** Runs what an image says where nothing can run containers: as its user, on a read-only root, without a limit of its memory. */
export async function runConfined(
  image: ImageConfig,
  root: string,
  env: Readonly<Record<string, string>>,
): Promise<Container> {
  const user = image.User.split(':')[0] ?? '';
  const own = Object.fromEntries(image.Env.map((line) => line.split(/=(.*)/s) as [string, string]));
  const start = (words: readonly string[]) =>
    spawn(
      'unshare',
      ['--mount', '--', 'sh', '-c', CONFINE, 'confine', root, image.WorkingDir, user, ...words],
      {
        env: {
          ...own,
          ...env,
          PATH: process.env['PATH'],
          NODE_OPTIONS: `${own['NODE_OPTIONS'] ?? ''} ${HEAP}`.trim(),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  const child = start([...image.Entrypoint, ...image.Cmd]);
  const { output, ended, waitFor } = watchOutput(child);
  await waitFor(/./);
  // Each of these programs takes the place of the one before, so it is one process all along.
  const pid = child.pid ?? 0;
  return {
    output,
    waitFor,
    async exec(...words) {
      const program = watchOutput(start(words));
      return [await program.ended, program.output()];
    },
    memory: () => ({
      limit: undefined,
      most:
        1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]),
      kills: 0,
    }),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
