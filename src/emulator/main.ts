import { readFileSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import { DEFAULT_PORT } from './default-port.ts';
import { startEmulator } from './server.ts';

const DEFAULT_TLS_PORT = 8792;

/** @throws {RangeError} when the variable is set and is not a port number */
function readPort(name: 'PORT' | 'TLS_PORT', byDefault: number): number {
  const text = process.env[name] ?? String(byDefault);
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new RangeError(`${name} must be an integer from 0 to 65535, got ${JSON.stringify(text)}`);
}

/** @throws {RangeError} when one of the variables is missing, or names no file that can be read */
function readTls() {
  const { TLS_CERT: certFile, TLS_KEY: keyFile } = process.env;
  if (certFile === undefined && keyFile === undefined) return undefined;
  const [cert, key] = [readPem('TLS_CERT', certFile), readPem('TLS_KEY', keyFile)];
  return { cert, key, port: readPort('TLS_PORT', DEFAULT_TLS_PORT) };
}

function readPem(name: string, path: string | undefined): string {
  if (path === undefined) throw new RangeError('TLS_CERT and TLS_KEY must be set together');
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new RangeError(`${name} must name a file that can be read`);
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error.message;
  const port = 'port' in error ? String(error.port) : '';
  return `port ${port} is taken; choose another one with PORT or TLS_PORT, or 0 for any free one`;
}

try {
  const emulator = await startEmulator({
    port: readPort('PORT', DEFAULT_PORT),
    tls: readTls(),
    seed: 'demo',
    onInternalError: (error) => console.error(error),
  });
  closeWithGrace({ delay: 5_000 }, async ({ err }) => {
    if (err !== undefined) console.error(err);
    await emulator.close();
  });
  if (emulator.tlsEndpoint !== undefined) console.log(`HTTPS at ${emulator.tlsEndpoint}`);
  console.log(`ICE_ENDPOINT=${emulator.endpoint}`);
  console.log(`ALIBABA_CLOUD_ACCESS_KEY_ID=${emulator.credentials.accessKeyId}`);
  console.log(`ALIBABA_CLOUD_ACCESS_KEY_SECRET=${emulator.credentials.accessKeySecret}`);
} catch (error) {
  console.error(`The emulator did not start: ${explain(error)}`);
  process.exitCode = 1;
}
