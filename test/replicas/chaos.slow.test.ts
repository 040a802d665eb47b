import { expect } from 'vitest';
import { describeChaos, modeOf } from './support/chaos.ts';
import type { GatewayProcess } from './support/processes.ts';

async function stop(gateway: GatewayProcess, signal: NodeJS.Signals, gateways: GatewayProcess[]) {
  gateways.splice(gateways.indexOf(gateway), 1);
  gateway.program.signal(signal);
  await gateway.program.ended;
}

describeChaos([
  {
    name: 'one is killed while it sweeps',
    disturb: async ({ gateways, holdSweep, finishSome, sweeps }) => {
      const { sweeping, release } = await holdSweep();
      await stop(sweeping, 'SIGKILL', gateways);
      release();
      finishSome();
      await sweeps(2);
    },
  },
  {
    name: 'all but one are killed',
    disturb: async ({ gateways, finishSome }) => {
      await Promise.all(gateways.slice(1).map((gateway) => stop(gateway, 'SIGKILL', gateways)));
      finishSome();
    },
  },
  {
    name: 'each is replaced by another, one after the other',
    disturb: async ({ gateways, start, finishSome }) => {
      for (const gateway of gateways.slice()) {
        gateways.push(await start());
        await stop(gateway, 'SIGTERM', gateways);
      }
      finishSome();
    },
  },
  {
    name: 'Redis is killed, and comes back empty after some seconds',
    disturb: async ({ redis, finishSome, all, sweeps }) => {
      await redis.kill();
      await all('alone');
      finishSome();
      await sweeps(3);
      await redis.restart();
      await all('joined');
    },
  },
  {
    name: 'Redis answers nothing for some seconds',
    disturb: async ({ redis, finishSome, all, sweeps }) => {
      redis.freeze();
      await all('alone');
      finishSome();
      await sweeps(3);
      redis.thaw();
      await all('joined');
    },
  },
  {
    name: 'Redis loses all it has',
    disturb: async ({ redis, finishSome, sweeps }) => {
      await redis.client.flushall();
      finishSome();
      await sweeps(2);
    },
  },
  {
    name: 'one can no longer reach Redis, and then can again',
    disturb: async ({ gateways, proxy, finishSome, all, sweeps }) => {
      proxy.cut();
      await expect.poll(() => Promise.all(gateways.map(modeOf)), { timeout: 20_000 }).toContain('alone');
      finishSome();
      await sweeps(3);
      proxy.heal();
      await all('joined');
    },
  },
  {
    name: 'what one sends to Redis is swallowed, and then is not',
    disturb: async ({ gateways, proxy, finishSome, all, sweeps }) => {
      proxy.silence();
      await expect.poll(() => Promise.all(gateways.map(modeOf)), { timeout: 20_000 }).toContain('alone');
      finishSome();
      await sweeps(3);
      proxy.heal();
      await all('joined');
    },
  },
]);
