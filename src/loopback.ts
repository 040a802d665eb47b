const LOOPBACK_NAME = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])`;

/** An http(s) origin on this machine. */
export const LOOPBACK_ORIGIN = new RegExp(`^https?://${LOOPBACK_NAME}(?::\\d+)?$`);

const LOOPBACK_AUTHORITY = new RegExp(`^${LOOPBACK_NAME}(?::\\d+)?$`, 'i');

/** Whether a `Host` header, with or without a port, names this machine. */
export function isLoopbackAuthority(authority: string): boolean {
  return LOOPBACK_AUTHORITY.test(authority);
}

/** Whether only this machine can reach a host. An IPv6 address may have brackets. */
export function isLoopback(host: string): boolean {
  return host === '::1' || new RegExp(`^${LOOPBACK_NAME}$`).test(host);
}
