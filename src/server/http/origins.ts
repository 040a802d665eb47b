import { LOOPBACK_ORIGIN } from '../../loopback.ts';

/** Origins that browsers may call from. `loopback` is every http(s) origin on this machine. */
export type AllowedOrigins = 'loopback' | readonly string[];

/**
 * Whether a page of `origin` may open a WebSocket here. Only browsers send the header. A page of the gateway's own may
 * always.
 *
 * @param ownAuthority the authority of the request when it is known to be a name of the gateway's. `undefined`: it may be any
 *   site's that has its name resolve to the gateway (DNS rebinding), so that no page is known to be the gateway's own
 */
export function mayOpenWebSocket(
  origin: string | undefined,
  ownAuthority: string | undefined,
  allowed: AllowedOrigins,
): boolean {
  if (origin === undefined) return true;
  if (ownAuthority !== undefined && isOriginOf(ownAuthority, origin)) return true;
  return allowed === 'loopback' ? LOOPBACK_ORIGIN.test(origin) : allowed.includes(origin);
}

/** Whether both have the same host and port. A proxy may have ended TLS, so the scheme is the origin's. */
function isOriginOf(authority: string, origin: string): boolean {
  const { protocol, host } = URL.parse(origin) ?? {};
  // An app with a scheme of its own calls its own files `localhost`.
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return URL.parse(`${protocol}//${authority}`)?.host === host;
}
