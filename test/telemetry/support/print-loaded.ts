// Starts a gateway, stops it, and prints which packages of telemetry were loaded meanwhile, as JSON.
import { registerHooks } from 'node:module';
import { pino } from 'pino';

const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /node_modules\/(@(?:opentelemetry|prometheus-io)\/[\w-]+)\//.exec(url) ?? [];
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
