import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as passes } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '../../../src/emulator/server.ts';
import { run } from '../../support/process.ts';
import { loadFollowers, type Followers } from '../support/followers.ts';
import { goThrough, truthOf, type Gateway, type Outage } from '../support/outages.ts';

let followers: Followers;
beforeAll(async () => {
  const removals: (() => void)[] = [];
  followers = await loadFollowers((remove) => removals.push(remove));
  return () => {
    for (const remove of removals) remove();
  };
});

const TIMEOUT_MS = 180_000;

/** Starts the gateway in a process of its own, which is killed before each restart. */
async function startProcess(env: Readonly<Record<string, string>>): Promise<Gateway> {
  const emulator = await startEmulator();
  const port = String(await freePort());
  const start = async () => {
    const gateway = run('main.ts', {
      ...env,
      PORT: port,
      METRICS_PORT: '0',
      ICE_ENDPOINT: emulator.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    });
    await gateway.waitFor(/listening on/);
    return gateway;
  };
  let gateway = await start();
  const kill = async () => {
    gateway.signal('SIGKILL');
    await gateway.ended;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    emulator,
    async restart(meanwhile) {
      await kill();
      meanwhile?.();
      gateway = await start();
    },
    async close() {
      await kill();
      await emulator.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  'refuses connections for 20 s': {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      await line.refuse();
      meanwhile();
      await passes(20_000);
      await line.restore();
    },
  },
  'is killed, and started again': {
    start: startProcess,
    isTold: true,
    happen: (_line, gateway, meanwhile) => gateway.restart(meanwhile),
  },
  'is behind a black hole for 60 s': {
    isTold: true,
    async happen(line, _gateway, meanwhile) {
      line.swallow();
      meanwhile();
      await passes(60_000);
      line.forward();
    },
  },
  'is behind a proxy that cuts what is idle for 8 s': {
    line: { idleMs: 8_000 },
    isTold: true,
    async happen(_line, _gateway, meanwhile) {
      await passes(30_000);
      meanwhile();
    },
  },
  'is behind a proxy that cuts what is idle for 15 s': {
    line: { idleMs: 15_000 },
    isTold: false,
    async happen(_line, _gateway, meanwhile) {
      await passes(40_000);
      meanwhile();
    },
  },
};

describe.concurrent('each client, as its guide makes it, shows the end of a job when the gateway', () => {
  it.for(Object.entries(OUTAGES))('%s', { timeout: TIMEOUT_MS }, async ([, outage]) => {
    expect(await goThrough(outage, followers)).toEqual(truthOf(outage, followers));
  });
});
