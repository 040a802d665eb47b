import closeWithGrace from 'close-with-grace';
import { startEmulator } from './server.ts';

const DEFAULT_PORT = 8791;

/** @throws {RangeError} when PORT is set and is not a port number */
function readPort(text = String(DEFAULT_PORT)): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new RangeError(`PORT must be an integer from 0 to 65535, got ${JSON.stringify(text)}`);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error.message;
  return `port ${process.env['PORT'] ?? DEFAULT_PORT} is taken; choose another one with PORT, or 0 for any free one`;
}

try {
  const emulator = await startEmulator({
    port: readPort(process.env['PORT']),
    seed: 'demo',
    onInternalError: (error) => console.error(error),
  });
  closeWithGrace({ delay: 5_000 }, async ({ err }) => {
    if (err !== undefined) console.error(err);
    await emulator.close();
  });
  console.log(`ICE_ENDPOINT=${emulator.endpoint}`);
  console.log(`ALIBABA_CLOUD_ACCESS_KEY_ID=${emulator.credentials.accessKeyId}`);
  console.log(`ALIBABA_CLOUD_ACCESS_KEY_SECRET=${emulator.credentials.accessKeySecret}`);
} catch (error) {
  console.error(`The emulator did not start: ${explain(error)}`);
  process.exitCode = 1;
}
