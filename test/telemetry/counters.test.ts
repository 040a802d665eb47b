import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway } from '../../src/gateway.ts';
import { createEvents } from '../support/events.ts';
import { post } from '../support/gateway.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { openSocket } from '../support/socket.ts';

describe('events', () => {
  it('tell of the start and of the end of every request, however it is answered', async () => {
    const emulator = await startEmulator({ limits: NO_LIMITS });
    const config = readConfig({
      PORT: '0',
      METRICS_PORT: '0',
      UPSTREAM: 'emulator',
      JIT: 'on',
      ANSWERS_MAX_MB: '64',
    });
    const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
    const gateway = await startGateway(config, upstream, pino({ level: 'silent' }));
    // A finished job stays fresh for a day.
    const id = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
    const query = `{ packageJob(id: "${id}") { id } }`;
    for (let time = 0; time < 3; time += 1) await post(gateway.url, { query });
    await fetch(`${gateway.url}/nothing`);
    const { socket } = await openSocket(gateway.url);
    socket.close();
    await expect
      .poll(() => gateway.counters.requests)
      .toEqual({ stored: 2, prepared: 0, executed: 2, upgraded: 1 });
    expect(gateway.counters.calls.GetPackageJob).toBe(1);
    expect(gateway.counters.cached.hit).toBe(2);
    await gateway.close();
    await emulator.close();
  });

  it('of one gateway are not those of another', () => {
    const [one, other] = [createEvents(), createEvents()];
    let told = 0;
    one.jobs.on('listBatch', () => (told += 1));
    other.jobs.emit('listBatch', 10);
    expect(told).toBe(0);
  });
});
