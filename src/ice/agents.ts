import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { proxyFor, type ProxySettings } from './proxy.ts';

export interface AgentOptions {
  readonly proxies: ProxySettings;
  readonly keepAlive: boolean;
  /** Most connections open at once. */
  readonly maxSockets: number;
  /** Limit for the answer of a proxy that is asked for a tunnel, in milliseconds. */
  readonly timeoutMs: number;
}

/** The agents of one target, directly or through its proxy. */
export interface Agents {
  readonly byScheme: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** Closes the idle connections. */
  destroy(): void;
}

/** A proxy that was asked for a tunnel did not give one. `code` is `PROXY_` and its HTTP status. */
class ProxyRefusal extends Error {
  readonly code: string;

  constructor(status: number) {
    super('the proxy refused');
    this.code = `PROXY_${String(status)}`;
  }
}

export function createAgents(target: URL, options: AgentOptions): Agents {
  const { proxies, keepAlive, maxSockets, timeoutMs } = options;
  const proxy = proxyFor(target, proxies);
  const limits = { keepAlive, maxSockets };
  const agents =
    proxy === undefined
      ? { http: new HttpAgent(limits), https: new HttpsAgent(limits) }
      : {
          http: new HttpProxyAgent(withoutUser(proxy), { ...limits, headers: authorizationFor(proxy) }),
          https: new TunnelAgent(proxy, timeoutMs, limits),
        };
  return {
    byScheme: agents,
    destroy() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Reaches targets through a proxy's tunnel. A proxy that refuses, or is silent for too long, is an error. */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #timeoutMs: number;
  readonly #proxyOptions: HttpsProxyAgent<string>['connectOpts'];

  constructor(proxy: URL, timeoutMs: number, limits: { keepAlive: boolean; maxSockets: number }) {
    super(withoutUser(proxy), { ...limits, headers: authorizationFor(proxy) });
    this.#timeoutMs = timeoutMs;
    this.#proxyOptions = this.connectOpts;
  }

  override async connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>) {
    let status = 0;
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode;
    });
    // The library waits for the proxy without a limit, and connects with these options at once when it is called.
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), this.#timeoutMs);
    this.connectOpts = { ...this.#proxyOptions, signal: silent.signal };
    try {
      const socket: Duplex & Awaited<ReturnType<HttpsProxyAgent<string>['connect']>> = await super.connect(
        request,
        options,
      );
      if (status === 200) return socket;
      // The library would have the proxy's answer read as that of the target.
      socket.destroy();
      throw new ProxyRefusal(status);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The library logs the URL where DEBUG asks for it, so its password goes another way. */
function withoutUser(proxy: URL): string {
  const bare = new URL(proxy);
  bare.username = '';
  bare.password = '';
  return bare.href;
}

function authorizationFor({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` };
}
