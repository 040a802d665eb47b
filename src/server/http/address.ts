import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * An IP address as sockets and `X-Forwarded-For` have it: with a port or without, IPv6 in brackets or without. It is
 * `undefined` when the text is none. An IPv4 address that is mapped into IPv6 is IPv4.
 */
export function readAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [, bracketed, withPort] = DECORATED.exec(text) ?? [];
  // Which link of this machine an address is on, as in `fe80::1%eth0`, is no part of it.
  const [address = ''] = (bracketed ?? withPort ?? text).split('%', 1);
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  return MAPPED.test(address) ? ipaddr.process(address).toString() : address;
}

const DECORATED = /^(?:\[([\w:.%-]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/;

/** Holds for every IPv6 address that an IPv4 address is mapped into. */
const MAPPED = /:ffff:/i;

/** What is one client among addresses: an IPv4 address, or the 64 bits of IPv6 that one home or one machine has. */
export function clientNetwork(address: string): string {
  if (isIPv4(address)) return address;
  const { parts } = ipaddr.IPv6.parse(address);
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
