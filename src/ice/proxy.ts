import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The proxies of the environment, as curl understands them. */
export interface ProxySettings {
  /** For `https:` targets, which are reached through a tunnel (CONNECT). */
  readonly https: URL | undefined;
  /** For `http:` targets, whose requests the proxy reads. */
  readonly http: URL | undefined;
  /** Hosts that are reached without a proxy: the value of NO_PROXY. */
  readonly except: string;
}

/** Every target is reached without a proxy. */
export const NO_PROXIES: ProxySettings = { https: undefined, http: undefined, except: '' };

/** The proxy that a target is reached through. `undefined`: none. */
export function proxyFor(target: URL, { https, http, except }: ProxySettings): URL | undefined {
  const proxy = target.protocol === 'https:' ? https : http;
  return proxy === undefined || isExcepted(target.hostname, except) ? undefined : proxy;
}

/**
 * Whether NO_PROXY names a host. Its entries are separated by commas or spaces. `*` alone names every host. A name names its
 * subdomains too, with or without a dot at its start. An address names itself, and a network such as `10.0.0.0/8` its
 * addresses. Upper and lower case are equal.
 *
 * @see https://curl.se/libcurl/c/CURLOPT_NOPROXY.html
 */
function isExcepted(hostname: string, except: string): boolean {
  if (except.trim() === '*') return true;
  const host = hostname.replaceAll(/^\[|\]$|\.$/g, '').toLowerCase();
  const entries = except.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => (isIP(host) === 0 ? isNameIn(host, entry) : isAddressIn(host, entry)));
}

function isNameIn(host: string, entry: string): boolean {
  const name = entry.replaceAll(/^\.|\.$/g, '');
  return name !== '' && (host === name || host.endsWith(`.${name}`));
}

function isAddressIn(host: string, entry: string): boolean {
  const [address = '', bits, ...more] = entry.replaceAll(/[[\]]/g, '').split('/');
  if (isIP(address) === 0 || isIP(address) !== isIP(host) || more.length > 0) return false;
  const network = ipaddr.parse(address);
  const most = network.kind() === 'ipv4' ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)) return false;
  return ipaddr.parse(host).match(network, bits === undefined ? most : Number(bits));
}
