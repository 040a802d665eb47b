import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Emulator } from '../../src/emulator/server.ts';
import { ROOT } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { listen } from '../support/loopback.ts';
import { run } from '../support/process.ts';
import { findProgram } from '../support/program.ts';
import type { Certificate } from '../support/tls.ts';

export const HAPROXY = findProgram({
  name: 'HAProxy',
  candidates: ['haproxy', '/usr/sbin/haproxy'],
  install: 'apt-get install --yes haproxy',
});

/** Takes what stops something. */
export type OnDone = (stop: () => Promise<void> | void) => void;

/** A port that is free for now, for programs that cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = await listen(createServer());
  await server.close();
  return server.port;
}

/** A gateway in a process of its own, as it runs in production. */
export interface Replica {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly metricsUrl: string;
  readonly output: () => string;
  /** Tells it to stop, and resolves to its exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts a gateway in front of an emulator, and resolves once it is ready. */
export async function startReplica(
  emulator: Emulator,
  env: Readonly<Record<string, string>>,
  onDone: OnDone,
): Promise<Replica> {
  const metricsPort = await freePort();
  const program = run('main.ts', {
    NODE_ENV: 'production',
    UPSTREAM: 'ice',
    PORT: '0',
    METRICS_PORT: String(metricsPort),
    ICE_ENDPOINT: emulator.endpoint,
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    ...env,
  });
  const stop = () => {
    program.signal('SIGTERM');
    return program.ended;
  };
  onDone(async () => void (await stop()));
  const [, url = ''] = await program.waitFor(/listening on (http:\S+?)"/);
  await program.waitFor(/"ready: /);
  return { url, metricsUrl: `http://127.0.0.1:${String(metricsPort)}`, output: program.output, stop };
}

/** A HAProxy that runs. */
export interface RunningHaproxy {
  readonly url: string;
  /** Says something on its socket for operators. @returns what it answers */
  readonly say: (command: string) => Promise<string>;
}

export interface HaproxyOptions {
  /** The servers of the backend, by name: URLs, or `undefined` for one that is not there yet. */
  readonly servers: Readonly<Record<string, string | undefined>>;
  /** @default none: it speaks plain HTTP */
  readonly certificate?: Certificate;
}

/** Starts HAProxy by the repository's own sample, but for ports, paths and servers. */
export async function startHaproxy(
  { servers, certificate }: HaproxyOptions,
  onDone: OnDone,
): Promise<RunningHaproxy> {
  const folder = makeFolder({}, onDone);
  const port = await freePort();
  const socketPath = join(folder, 'admin.sock');
  const pem = join(folder, 'cert-and-key.pem');
  if (certificate) writeFileSync(pem, `${certificate.cert}\n${certificate.key}`);
  const lines = Object.entries(servers).map(([name, url]) =>
    url === undefined ? `  server ${name} 127.0.0.1:1 disabled` : `  server ${name} ${new URL(url).host}`,
  );
  const text = readFileSync(join(ROOT, 'deploy/proxies/haproxy.cfg'), 'utf8')
    .replace('/run/haproxy/admin.sock', socketPath)
    // It takes two files each, more than a machine for tests may allow.
    .replace('maxconn 20000', 'maxconn 4000')
    .replace(/bind :443 ssl crt \S+ (?<alpn>.*)/, (_line, alpn: string) =>
      certificate
        ? `bind 127.0.0.1:${String(port)} ssl crt ${pem} ${alpn}`
        : `bind 127.0.0.1:${String(port)}`,
    )
    .replace(/ {2}server a .*\n {2}server b .*\n/, `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'haproxy.cfg'), text);
  const child = spawn(HAPROXY.path, ['-db', '-f', join(folder, 'haproxy.cfg')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors = await started(child, port, onDone);
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${String(port)}`,
    async say(command) {
      const socket = connect(socketPath).setEncoding('utf8');
      socket.end(`${command}\n`);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      if (/unknown command|no such/i.test(answer)) throw new Error(`${command}: ${answer} ${errors()}`);
      return answer;
    },
  };
}

/** Resolves once a program listens on a port. @throws {Error} with what it wrote, when it ends before */
export async function started(child: ChildProcess, port: number, onDone: OnDone): Promise<() => string> {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const closed = once(child, 'close');
  onDone(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return () => errors;
    if (child.exitCode !== null) throw new Error(`ended: ${errors}`);
    await setTimeout(50);
  }
}

/** Checks a file with a program that only reads it. @returns its exit code and all that it wrote */
export function checkFile(path: string, words: readonly string[]): Promise<[number, string]> {
  return new Promise((resolve) => {
    const child = execFile(path, [...words], (_error, stdout, stderr) =>
      resolve([child.exitCode ?? 1, stdout + stderr]),
    );
  });
}
