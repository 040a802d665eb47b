import got from 'got';
import { createAgents } from './ice/agents.ts';
import type { ProxySettings } from './ice/proxy.ts';

const TIMEOUT_MS = 5000;

/** The longest answer that is read, in bytes. */
const MAX_BYTES = 256 * 1024;

/** Creates what reads a JSON text from a URL, through the proxies of the environment. Its errors name no more than the host. */
export function createFetchJson(proxies: ProxySettings): (url: URL, signal: AbortSignal) => Promise<unknown> {
  return async (url, signal) => {
    const agents = createAgents(url, { proxies, keepAlive: false, maxSockets: 1, timeoutMs: TIMEOUT_MS });
    const tooLong = new AbortController();
    try {
      const asking = got(url, {
        agent: agents.byScheme,
        timeout: { request: TIMEOUT_MS },
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        signal: AbortSignal.any([signal, tooLong.signal]),
        headers: { accept: 'application/json', 'user-agent': 'package-job-gateway' },
      });
      void asking.on('downloadProgress', ({ transferred }) => {
        if (transferred > MAX_BYTES) tooLong.abort();
      });
      const { statusCode, body } = await asking;
      if (statusCode !== 200) throw new Error(`HTTP status ${String(statusCode)}`);
      const value: unknown = JSON.parse(body);
      return value;
    } catch (error) {
      // oxlint-disable-next-line preserve-caught-error -- the error of `got` holds the request
      throw new Error(`${url.host}: ${tooLong.signal.aborted ? 'the answer is too long' : reasonOf(error)}`);
    } finally {
      agents.destroy();
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is no JSON';
  if (!(error instanceof Error)) return 'failed';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
