import type { IncomingMessage } from 'node:http';
import { hostOf } from '../../host.ts';
import { isLoopback } from '../../loopback.ts';

/** The hosts that requests may be made to. `loopback`: those of this machine. A list has the form of `hostOf`. */
export type AllowedHosts = 'loopback' | 'any' | readonly string[];

/** What the host of a request is. `foreign`: one that requests may not be made to. `invalid`: no host at all. */
export type HostVerdict = 'allowed' | 'foreign' | 'invalid';

/** Judges the hosts that requests name. */
export function createHostRule(allowed: AllowedHosts): (request: IncomingMessage) => HostVerdict {
  const names = new Set(typeof allowed === 'string' ? [] : allowed);
  const isAllowed = (host: string) =>
    allowed === 'any' || (allowed === 'loopback' ? isLoopback(host) : names.has(host));
  const judge = (authority: string): HostVerdict => {
    const host = hostOf(authority);
    if (host === undefined) return 'invalid';
    return isAllowed(host) ? 'allowed' : 'foreign';
  };
  // Nearly all requests name the same host as the one before.
  let last = { authority: '', verdict: judge('') };
  return ({ headers: { host }, httpVersion }) => {
    // HTTP/1.0 does not ask for the header. Nothing says then which host is meant.
    if (host === undefined && httpVersion === '1.0') return allowed === 'any' ? 'allowed' : 'foreign';
    const authority = host ?? '';
    if (authority === last.authority) return last.verdict;
    last = { authority, verdict: judge(authority) };
    return last.verdict;
  };
}
