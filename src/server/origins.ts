/** Origins that browsers may call from; `loopback` is every http(s) origin on this machine. */
export type AllowedOrigins = 'loopback' | readonly string[];

export const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

/**
 * Whether a page of `origin` may open a WebSocket here, for which browsers ask nobody. Only browsers send the header; a
 * page of the gateway's own may always.
 */
export function mayConnect(origin: string | undefined, host: string, allowed: AllowedOrigins): boolean {
  if (origin === undefined || isSameHost(origin, host)) return true;
  return allowed === 'loopback' ? LOOPBACK_ORIGIN.test(origin) : allowed.includes(origin);
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
