import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../support/command.ts';
import { runProgram } from '../support/deploy-tools.ts';
import { findProgram } from '../support/program.ts';

export const BUILDAH = findProgram({
  name: 'buildah',
  candidates: ['buildah'],
  install: 'apt-get install --yes buildah runc busybox-static',
});

const NPM = findProgram({ name: 'npm', candidates: ['npm'], install: 'apt-get install --yes npm' });

export const BUSYBOX = findProgram({
  name: 'a static busybox',
  candidates: ['busybox', '/bin/busybox'],
  install: 'apt-get install --yes busybox-static',
});

/** What an image says of the containers that are made of it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const npmSetting = (name: string) =>
  execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();

/** The authorities that this machine trusts, as npm and Node.js are told here. */
function authorities(): string {
  const files = [npmSetting('cafile'), process.env['NODE_EXTRA_CA_CERTS'] ?? '', CERTIFICATES];
  return [...new Set(files)].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

const BUILD_IMAGE = 'docker.io/library/node:24-trixie-slim';
const RUNTIME_IMAGE = 'gcr.io/distroless/nodejs24-debian13:nonroot';

/** A store of images of its own, and what builds them. */
export interface Store {
  /** Makes an image of the files of a folder. */
  commit(image: string, files: string, ...settings: readonly string[]): Promise<void>;
  /** Builds a Dockerfile. @throws {Error} with all that was written, when that fails */
  build(
    tag: string,
    what: { readonly file: string; readonly context: string; readonly words: readonly string[] },
  ): Promise<void>;
  inspect(tag: string): Promise<ImageConfig>;
  /** The folder of a container's files. */
  mount(tag: string): Promise<string>;
}

/** Opens a store in a folder. */
export function openStore(folder: string): Store {
  const storage = [
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const buildah = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await runProgram(BUILDAH.path, [...storage, ...words]);
    if (code !== 0) throw new Error(`buildah ${words.join(' ')}:\n${stdout}\n${stderr}`);
    return stdout.trim();
  };
  return {
    async commit(image, files, ...settings) {
      const container = await buildah('from', 'scratch');
      await buildah('copy', '--quiet', container, files, '/');
      if (settings.length > 0) await buildah('config', ...settings, container);
      await buildah('commit', '--quiet', '--rm', container, image);
    },
    async build(tag, { file, context, words }) {
      const isolation = ['--isolation', 'chroot', '--pull-never', '--layers=false', '--format', 'docker'];
      // npm opens many files at once.
      const limits = ['--ulimit', 'nofile=16384:16384'];
      await buildah('build', ...isolation, ...limits, ...words, '--file', file, '--tag', tag, context);
    },
    async inspect(tag) {
      const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', tag)) as {
        Docker: { config: ImageConfig };
      };
      return Docker.config;
    },
    async mount(tag) {
      return buildah('mount', await buildah('from', '--pull-never', tag));
    },
  };
}

/**
 * Builds deploy/Dockerfile where no registry can be reached. What stands in for the two base images has their names, Node.js at the
 * paths that theirs is at, their user and no more: this machine's C library, a busybox for the build, and npm. So what is shown is
 * what deploy/Dockerfile does, and what is in the image above its base. What the real bases have is not.
 *
 * @returns the folder of the image's files, and what it says of containers
 */
export async function buildImage(
  folder: string,
  args: Readonly<Record<string, string>>,
): Promise<{ root: string; config: ImageConfig }> {
  const store = openStore(folder);
  const runtime = join(folder, 'runtime');
  writeRuntime(runtime);
  await store.commit(RUNTIME_IMAGE, runtime, '--user', '65532', '--entrypoint', '["/nodejs/bin/node"]');
  await commitBuildImage(store, folder);
  const values = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await store.build('gateway', {
    file: join(ROOT, 'deploy/Dockerfile'),
    context: ROOT,
    words: [...npmWords(folder), ...values, '--ignorefile', join(ROOT, '.dockerignore')],
  });
  return { root: await store.mount('gateway'), config: await store.inspect('gateway') };
}

async function commitBuildImage(store: Store, folder: string): Promise<void> {
  const files = join(folder, 'build');
  writeBuild(files);
  await store.commit(BUILD_IMAGE, files, '--env', 'PATH=/usr/local/bin:/bin');
}

/** What gives a build npm's settings and cache of this machine. */
function npmWords(folder: string): string[] {
  const npmrc = join(folder, 'npmrc');
  writeFileSync(npmrc, npmSettings());
  return ['--secret', `id=npmrc,src=${npmrc}`, '--volume', `${npmSetting('cache')}:/root/.npm`];
}

/** A Dockerfile with all that the real one needs of a machine: a shell, npm that reaches its registry, a second stage. */
const SMALL = `FROM ${BUILD_IMAGE} AS build
WORKDIR /app
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm view graphql name > name.txt
FROM scratch
COPY --from=build /app/name.txt /
`;

/** Builds a small image, as a machine does that can build the real one. @throws {Error} with the reason, where it cannot */
export async function tryToBuild(folder: string): Promise<void> {
  const store = openStore(folder);
  await commitBuildImage(store, folder);
  const context = join(folder, 'context');
  mkdirSync(context);
  const file = join(context, 'Dockerfile');
  writeFileSync(file, SMALL);
  await store.build('small', { file, context, words: npmWords(folder) });
  readFileSync(join(await store.mount('small'), 'name.txt'));
}

/** Copies a program to a path below a folder, with the libraries that it is linked with. */
function copyProgram(program: string, folder: string, path: string): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(realpathSync(program), target);
  for (const library of librariesOf(program)) {
    const copy = join(folder, library);
    mkdirSync(dirname(copy), { recursive: true });
    if (!existsSync(copy)) cpSync(realpathSync(library), copy);
  }
}

const librariesOf = (program: string) =>
  [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(
    ([, path = '']) => path,
  );

function writeCommon(folder: string): void {
  for (const path of ['etc/ssl/certs', 'tmp', 'proc', 'dev', 'sys', 'root', 'home/nonroot'])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(
    join(folder, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
}

/** What stands in for the base image of what runs. */
export function writeRuntime(folder: string): void {
  writeCommon(folder);
  copyProgram(process.execPath, folder, 'nodejs/bin/node');
}

function writeBuild(folder: string): void {
  writeCommon(folder);
  writeFileSync(join(folder, CERTIFICATES), authorities());
  copyProgram(process.execPath, folder, 'usr/local/bin/node');
  // Parts of the C library that only addons are linked with, such as those of the bundler.
  const libraries = dirname(librariesOf(process.execPath).find((path) => path.includes('/libc.so')) ?? '');
  for (const name of readdirSync(libraries))
    if (/^lib(?:rt|dl|pthread|util)\.so\.\d$/.test(name))
      cpSync(realpathSync(join(libraries, name)), join(folder, libraries, name));
  mkdirSync(join(folder, 'bin'), { recursive: true });
  cpSync(realpathSync(BUSYBOX.path), join(folder, 'bin/busybox'));
  for (const name of ['sh', 'rm', 'mkdir', 'cp', 'mv', 'ls', 'cat', 'env', 'chmod'])
    symlinkSync('busybox', join(folder, 'bin', name));
  const npm = dirname(dirname(realpathSync(NPM.path)));
  cpSync(npm, join(folder, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm'));
  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  symlinkSync('/bin/env', join(folder, 'usr/bin/env'));
}

/** How npm is set up here. What was installed once is in its cache. */
function npmSettings(): string {
  const settings = {
    registry: npmSetting('registry'),
    'prefer-offline': true,
    audit: false,
    fund: false,
    'fetch-retries': 1,
    cafile: CERTIFICATES,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${String(value)}\n`)
    .join('');
}
