// Starts a gateway, stops it, and prints which optional parts were loaded meanwhile, as JSON: packages of telemetry, what
// talks to Redis.
import { registerHooks } from 'node:module';
import { pino } from 'pino';

const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const [, library, ours] =
      /node_modules\/(@(?:opentelemetry|prometheus-io)\/[\w-]+|ioredis)\/|\/(src\/replicas)\//.exec(url) ??
      [];
    const name = library ?? ours;
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});
const { readConfig } = await import('../../../src/config.ts');
const { startGateway } = await import('../../../src/gateway.ts');
const { startEmulator } = await import('../../../src/emulator/server.ts');
const emulator = await startEmulator();
const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
const gateway = await startGateway(readConfig(process.env), upstream, pino({ level: 'silent' }));
await fetch(`${gateway.url}/livez`);
await gateway.close();
await emulator.close();
process.stdout.write(`${JSON.stringify([...loaded].toSorted())}\n`);
