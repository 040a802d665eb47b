// Asks a gateway whether it can serve, for containers, whose images have no other program. It exits with 0 or 1:
// node src/health-check.ts [url]
import { INTEGERS, OTHERS } from './variables.ts';

/** The longest that it waits, in milliseconds. Docker gives it 5 s. */
const TIMEOUT_MS = 4000;

const { HOST = OTHERS.HOST.default, PORT = String(INTEGERS.PORT.default) } = process.env;
/** A gateway that listens on every address is asked on this machine's own. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };
const host = ANY[HOST] ?? HOST;
const authority = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
const url = process.argv[2] ?? `http://${authority}:${PORT}/readyz`;

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${String(response.status)} ${text}`);
} catch (error) {
  console.error(`${url}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
