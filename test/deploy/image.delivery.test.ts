import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { fire } from '../bench/support/load.ts';
import { createRequests } from '../bench/support/requests.ts';
import { makeFolder } from '../support/folder.ts';
import { post } from '../support/gateway.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { scrape } from '../support/scrape.ts';
import { openEventStream } from '../support/socket.ts';
import { tryToConfine, tryToRun, whyNot } from './ability.ts';
import { runContainer, type Container } from './container.ts';
import { buildImage, tryToBuild, type ImageConfig } from './image.ts';
import { freePort } from './replicas.ts';
import { read } from './support.ts';
import { runConfined, unpackImage } from './unpacked.ts';

/** How long the gateway is under load, in seconds. Longer is for a person to try. */
const LOAD_S = Number(process.env['IMAGE_LOAD_S'] ?? 60);
/** Whether the image has the pages, for which all tools are installed first. Without them the build does less, in less time. */
const PAGES = process.env['IMAGE_PAGES'] ?? 'true';
const STREAMS = 100;
const MIB = 1024 * 1024;

// Machines differ in what they let containers do. Each is asked with an image of one small program first, so that what fails after
// that is the fault of the image.
const notBuilt = await whyNot(tryToBuild);
const notLimited = await whyNot(tryToRun);
const notRun = notLimited === undefined ? undefined : await whyNot(tryToConfine);
for (const [what, reason] of [
  ['that a builder accepts deploy/Dockerfile, and what the image says of itself', notBuilt],
  ['that it stays within 512 MiB where the kernel limits it', notLimited],
  ['that it runs', notRun],
])
  if (reason !== undefined) process.stderr.write(`NOT PROVED on this machine: ${String(what)} (${reason})\n`);

const BY = [
  notBuilt === undefined ? 'built by buildah' : 'as its Dockerfile says, not built on this machine',
  notLimited === undefined ? 'run by runc' : 'not limited on this machine',
].join(', ');

describe(`the image, ${BY}`, () => {
  const removals: (() => void)[] = [];
  let folder = '';
  let config: ImageConfig;
  let root = '';

  beforeAll(async () => {
    folder = makeFolder({}, (remove) => removals.push(remove));
    mountMemory(folder, removals);
    const make = notBuilt === undefined ? buildImage : unpackImage;
    ({ root, config } = await make(folder, { VERSION: '1.2.3', REVISION: 'abc', PAGES }));
  }, 600_000);

  afterAll(() => {
    for (const remove of removals) remove();
  }, 300_000);

  const run = (env: Readonly<Record<string, string>>): Promise<Container> =>
    notLimited === undefined ? runContainer(config, root, env, folder) : runConfined(config, root, env);

  /** Every path of the image, without the libraries of its base. */
  const paths = () => readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' });

  it.skipIf(notBuilt !== undefined)('says how it is run: not as root, by programs and not by a shell', () => {
    expect(config).toMatchObject({
      User: '65532:65532',
      WorkingDir: '/app',
      Entrypoint: ['/nodejs/bin/node'],
      Cmd: ['src/main.ts'],
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', '/nodejs/bin/node', 'src/health-check.ts'] },
      Labels: {
        'org.opencontainers.image.title': 'package-job-gateway',
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': '1.2.3',
        'org.opencontainers.image.revision': 'abc',
      },
    });
    expect(Object.keys(config.ExposedPorts).toSorted()).toEqual(['4000/tcp', '9464/tcp']);
    expect(config.Env).toEqual(expect.arrayContaining(['NODE_ENV=production', 'HOST=0.0.0.0']));
  });

  it('has what the gateway needs to run, and no npm, no Node.js of npm, no tools', () => {
    const installed = readdirSync(join(root, 'app/node_modules'));
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      read('package.json'),
    ) as Record<string, Record<string, string>>;
    for (const name of Object.keys(dependencies ?? {}))
      expect(existsSync(join(root, 'app/node_modules', name, 'package.json'))).toBe(true);
    const others = [...Object.keys({ ...devDependencies, ...optionalDependencies }), 'npm', 'node'];
    // Some are dependencies of dependencies too.
    const production = new Set(
      Object.entries(
        (
          JSON.parse(read('package-lock.json')) as {
            packages: Record<string, { dev?: boolean; optional?: boolean }>;
          }
        ).packages,
      )
        .filter(([, { dev, optional }]) => dev !== true && optional !== true)
        .map(([path]) => path.replace('node_modules/', '')),
    );
    expect(others.filter((name) => installed.includes(name) && !production.has(name))).toEqual([]);
    expect(
      paths().filter(
        (path) =>
          /(^|\/)(test|\.git|\.env|\.npmrc|\.npm|tools)$/.test(path) && !path.startsWith('node_modules/'),
      ),
    ).toEqual([]);
    expect(readdirSync(join(root, 'app')).toSorted()).toEqual(
      ['LICENSE', 'node_modules', 'package.json', 'sbom.cdx.json', 'schema', 'src', 'web'].toSorted(),
    );
    const pages = readdirSync(join(root, 'app/web/dist'));
    expect(pages.includes('index.html') && pages.includes('board.html')).toBe(PAGES === 'true');
    expect(existsSync(join(root, 'bin/sh'))).toBe(false);
  });

  it.skipIf(notBuilt !== undefined)('belongs to root, so that the process cannot change its own code', () => {
    const writable = paths().filter((path) => {
      const { uid, mode } = statSync(join(root, 'app', path), { throwIfNoEntry: false }) ?? {
        uid: 0,
        mode: 0,
      };
      return uid !== 0 || (mode & 0o022) !== 0;
    });
    expect(writable).toEqual([]);
  });

  it('lists what is in it', () => {
    const { bomFormat, components } = JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: { name: string }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['fastify', 'graphql']));
    expect(names).not.toContain('vitest');
  });

  it.skipIf(notRun !== undefined)(
    `serves for ${String(LOAD_S)} s under the benchmarks' load, with a read-only root and 512 MiB, and stops when it is told to`,
    { timeout: LOAD_S * 1000 + 120_000 },
    async () => {
      const emulator = await startEmulator({ limits: NO_LIMITS });
      const [port, metricsPort] = [await freePort(), await freePort()];
      const env = {
        HOST: '127.0.0.1',
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        AUTH: 'none',
        ALLOWED_HOSTS: '127.0.0.1',
        UPSTREAM: 'ice',
        ICE_CALLS_PER_SECOND: '10000',
        ICE_ENDPOINT: emulator.endpoint,
        ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
      };
      const container = await run(env);
      await container.waitFor(/"ready: /);
      const url = `http://127.0.0.1:${String(port)}`;
      expect(container.memory().limit).toBe(notLimited === undefined ? 512 * MIB : undefined);
      expect(await container.exec('/nodejs/bin/node', 'src/health-check.ts')).toEqual([0, '']);
      // Who it is, and what it may do.
      const script =
        "console.log(process.getuid(), process.getgid()); try { require('fs').writeFileSync('/app/x', '') } catch (error) { console.log(error.code) }";
      expect(await container.exec('/nodejs/bin/node', '-e', script)).toEqual([0, '65532 65532\nEROFS\n']);

      const watched = emulator.jobs.add({ finishTime: Infinity });
      const streams = await Promise.all(
        Array.from({ length: STREAMS }, () => openEventStream(url, [watched])),
      );
      const requests = createRequests(emulator);
      const kinds = [1, 20].flatMap((size) => [
        requests.repeated(size),
        requests.everNew(size),
        requests.neverRepeated(size),
      ]);
      let count = 0;
      const next = () => kinds[(count += 1) % kinds.length]?.() ?? '';
      const { answers } = await fire({ url, next }, { seconds: LOAD_S });

      // It is alive and right: what it says is what ICE would say.
      emulator.jobs.finish(watched, { status: 'Success' });
      for (const stream of streams) expect(await stream.rest()).toMatch(/INIT.*SUCCESS.*event: complete/s);
      const answer = await post(url, { query: `{ packageJob(id: "${watched}") { status } }` });
      expect(answer).toMatchObject({ status: 200, data: { packageJob: { status: 'SUCCESS' } } });
      const { series } = await scrape(`http://127.0.0.1:${String(metricsPort)}`);
      const heapLimit = series.get('pjg_heap_limit_bytes') ?? 0;
      expect(series.get('process_resident_memory_bytes')).toBeLessThan(512 * MIB);
      // Node.js has sized its heap by the limit of the container, where there is one.
      expect(heapLimit).toBeLessThan(notLimited === undefined ? 512 * MIB : Infinity);
      const { most, kills } = container.memory();
      expect(kills).toBe(0);
      expect(most).toBeLessThanOrEqual(512 * MIB);
      expect(container.output()).not.toMatch(/"level":[56]0/);
      expect(answers).toBeGreaterThan(LOAD_S);
      expect(await container.stop()).toBe(0);
      await emulator.close();
      const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
      process.stderr.write(
        `image: ${String(answers)} answers in ${String(LOAD_S)} s, at most ${mib(most)}, heap limit ${mib(heapLimit)}\n`,
      );
    },
  );

  it.skipIf(notRun !== undefined)('fails its health check once nobody answers', async () => {
    const env = { HOST: '127.0.0.1', PORT: '0', METRICS_PORT: '0', UPSTREAM: 'emulator', ALLOWED_HOSTS: '*' };
    const container = await run(env);
    await container.waitFor(/"ready: /);
    // It listens on another port than the check asks.
    const [code, output] = await container.exec(
      '/nodejs/bin/node',
      'src/health-check.ts',
      'http://127.0.0.1:1/readyz',
    );
    expect(code).toBe(1);
    expect(output).toContain('http://127.0.0.1:1/readyz: ');
    expect(await container.stop()).toBe(0);
  });

  it.skipIf(notRun !== undefined)('says what has to be set, and ends, when nothing is', async () => {
    const container = await run({});
    await container.waitFor(/ALLOWED_HOSTS must be set/);
    expect(container.output()).toContain('UPSTREAM must be set');
  });
});

/** What the images and their parts take, in bytes, and as much again for what runs beside. */
const IMAGES = 4 * 1024 * MIB;

/** Images are many small files. In memory they are written, copied and removed in seconds. Not every machine lets us. */
function mountMemory(folder: string, removals: (() => void)[]): void {
  if (freemem() < IMAGES) return;
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'images', folder], { stdio: 'ignore' });
  } catch {
    return;
  }
  removals.unshift(() => void execFileSync('umount', ['--lazy', folder]));
}
