const LOOPBACK_NAME = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])`;

/** An http(s) origin on this machine. */
export const LOOPBACK_ORIGIN = new RegExp(`^https?://${LOOPBACK_NAME}(?::\\d+)?$`);

const LOOPBACK_HOST = new RegExp(`^${LOOPBACK_NAME}$`);

/** Whether only this machine can reach a host in lower case. An IPv6 address may have brackets. */
export function isLoopback(host: string): boolean {
  return host === '::1' || LOOPBACK_HOST.test(host);
}
