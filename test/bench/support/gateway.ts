import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '../../../src/emulator/server.ts';
import { startProgram, type Program } from './program.ts';

/**
 * Starts a server of the gateway's kind as in production, in front of this emulator, on a core of its own. It is ready
 * when this resolves, and the emulator's counts are at zero.
 *
 * @param env variables that differ from the defaults
 * @param file the program, named from the folder of the benchmarks
 */
export async function startGateway(
  emulator: Emulator,
  env: Readonly<Record<string, string>> = {},
  file = '../../src/main.ts',
): Promise<Program> {
  const gateway = await startProgram(file, { ...environmentOf(emulator), ...env }, 'server');
  // Rivals have no such path, and are ready as soon as they listen.
  while ((await fetch(`${gateway.url}/readyz`)).status === 503) await pause(5);
  emulator.resetRequests();
  return gateway;
}

/** The variables of a gateway as in production, in front of this emulator. */
function environmentOf({ endpoint, credentials }: Emulator): Record<string, string> {
  return {
    NODE_ENV: 'production',
    ALLOWED_HOSTS: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    UPSTREAM: 'ice',
    ICE_ENDPOINT: endpoint,
    ALIBABA_CLOUD_ACCESS_KEY_ID: credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  };
}
