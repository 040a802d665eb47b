import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, type Socket } from 'node:net';
import type { Client } from '../client.ts';
import { clientNetwork, readAddress } from './address.ts';

/** Which proxies may tell the address of a client: how many stand in front of the gateway, or their addresses and networks. */
export type TrustedProxies = number | readonly string[];

/** Decides who sent a request. */
export type ClientOf = (request: IncomingMessage) => Client;

/** The most proxies between a client and the gateway. So a long header costs no more than a short one. */
const MAX_PROXIES = 32;

/** All whose address nobody tells are one client. The key of the gateway itself, `''`, is never theirs. */
const UNKNOWN = 'unknown';

/**
 * A client is the address of its connection, or else the address that the trusted proxies tell in `X-Forwarded-For`. Each
 * proxy adds whom it got the request from at the right, so that the header is read from the right:
 *
 * - a number of proxies: as many entries to the left of the connection
 * - addresses: the first entry that is no trusted proxy
 *
 * What a client itself writes into the header is further left and counts for nothing. Where the entry is missing, or is no
 * address, the client is the last address that was told. `Forwarded` is not read: proxies that write the one pass the other
 * on as the client sent it.
 */
export function createClientOf(trusted: TrustedProxies): ClientOf {
  if (trusted === 0) return ({ socket }) => clientOfSocket(socket);
  const addressOf = typeof trusted === 'number' ? countFromRight(trusted) : skipTrusted(trusted);
  return (request) => {
    const header = request.headers['x-forwarded-for'];
    if (header === undefined) return clientOfSocket(request.socket);
    const address = addressOf(request.socket.remoteAddress, entriesFromRight(String(header)));
    return address === undefined ? clientOfSocket(request.socket) : { key: clientNetwork(address) };
  };
}

/** Decides whose connection this is. `undefined`: a trusted proxy's, which many clients share. */
export type PeerOf = (socket: Socket) => Client | undefined;

/** With a number of proxies every connection is a proxy's. */
export function createPeerOf(trusted: TrustedProxies): PeerOf {
  if (trusted === 0) return clientOfSocket;
  if (typeof trusted === 'number') return () => undefined;
  const isTrusted = trustedBy(trusted);
  return (socket) => {
    const address = readAddress(socket.remoteAddress ?? '');
    return address !== undefined && isTrusted(address) ? undefined : clientOfSocket(socket);
  };
}

const CLIENT = Symbol('client');

/** It is decided once for a connection, which has no address any more when it has failed. */
function clientOfSocket(socket: Socket & { [CLIENT]?: Client }): Client {
  const known = socket[CLIENT];
  if (known !== undefined) return known;
  const address = readAddress(socket.remoteAddress ?? '');
  const client = { key: address === undefined ? UNKNOWN : clientNetwork(address) };
  socket[CLIENT] = client;
  return client;
}

/** The address, if any, that `X-Forwarded-For` tells for a connection of `peer`. */
type Forwarded = (peer: string | undefined, entries: Iterable<string>) => string | undefined;

function countFromRight(proxies: number): Forwarded {
  return (_peer, entries) => {
    let address: string | undefined;
    let left = proxies;
    for (const entry of entries) {
      address = readAddress(entry) ?? address;
      left -= 1;
      if (left === 0) break;
    }
    return address;
  };
}

function trustedBy(networks: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    trusted.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (address) => trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function skipTrusted(networks: readonly string[]): Forwarded {
  const isTrusted = trustedBy(networks);
  return (peer, entries) => {
    let address = readAddress(peer ?? '');
    if (address === undefined || !isTrusted(address)) return undefined;
    for (const entry of entries) {
      const next = readAddress(entry);
      if (next === undefined) break;
      address = next;
      if (!isTrusted(address)) break;
    }
    return address;
  };
}

/** The last {@link MAX_PROXIES} entries of a list, from the right. Empty ones are left out. */
function* entriesFromRight(list: string): Generator<string> {
  let end = list.length;
  for (let count = 0; end >= 0 && count < MAX_PROXIES; count += 1) {
    const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1);
    const entry = list.slice(comma + 1, end).trim();
    if (entry !== '') yield entry;
    end = comma;
  }
}
