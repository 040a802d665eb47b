import { setTimeout as pass } from 'node:timers/promises';
import { SENTINEL, startSentinels } from '../support/redis-sentinel.ts';
import { describeChaos, type Disturbance } from './support/chaos.ts';

/** How far the clock of one gateway is off, in milliseconds. */
const OFF_MS = 10 * 60_000;

/** Has a process take another time for now, as a clock that is off does. */
function clockOff(byMs: number): Readonly<Record<string, string>> {
  const program = `
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...args) {
        super(...(args.length === 0 ? [Real.now() + ${String(byMs)}] : args));
      }
      static now() {
        return Real.now() + ${String(byMs)};
      }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}

const CLOCKS: readonly Disturbance[] = [OFF_MS, -OFF_MS].map((byMs) => ({
  name: `the clock of one is ${byMs > 0 ? 'ahead' : 'behind'} by ten minutes`,
  env: clockOff(byMs),
  disturb: async ({ finishSome, sweeps, all }) => {
    await all('joined');
    finishSome();
    await sweeps(3);
  },
}));

const FAILOVER: Disturbance = {
  name: 'the master dies, and sentinels put another in its place',
  share: async () => {
    const { ports, master } = await startSentinels();
    const nodes = ports.map((port) => `127.0.0.1:${String(port)}`).join();
    return { url: `redis+sentinel://${nodes}/main`, redis: master };
  },
  disturb: async ({ redis, finishSome, sweeps, all }) => {
    await redis.kill();
    await all('alone');
    finishSome();
    await sweeps(2);
    await all('joined');
  },
};

// How long these last is what they are about.
describeChaos([
  {
    name: 'Redis answers nothing for 30 s',
    disturb: async ({ redis, finishSome, all }) => {
      redis.freeze();
      const over = pass(30_000);
      await all('alone');
      finishSome();
      await over;
      await all('alone');
      redis.thaw();
      await all('joined');
    },
  },
  {
    name: 'Redis is gone for 60 s, and comes back empty',
    disturb: async ({ redis, finishSome, all }) => {
      await redis.kill();
      const over = pass(60_000);
      await all('alone');
      finishSome();
      await over;
      await all('alone');
      await redis.restart();
      await all('joined');
    },
  },
  ...CLOCKS,
  ...(SENTINEL.skip ? [] : [FAILOVER]),
]);
