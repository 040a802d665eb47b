import { LOOPBACK_ORIGIN } from '../../loopback.ts';

/** Origins that browsers may call from. `loopback` is every http(s) origin on this machine. */
export type AllowedOrigins = 'loopback' | readonly string[];

/**
 * Whether a page of `origin` may open a WebSocket here. Only browsers send the header. A page of the gateway's own may
 * always.
 */
export function mayOpenWebSocket(origin: string | undefined, host: string, allowed: AllowedOrigins): boolean {
  if (origin === undefined || isSameHost(origin, host)) return true;
  return allowed === 'loopback' ? LOOPBACK_ORIGIN.test(origin) : allowed.includes(origin);
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
