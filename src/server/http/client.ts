import type { IncomingMessage } from 'node:http';
import type { Client } from '../client.ts';

/** Decides who sent a request: the address of its connection. */
export function clientOf({ socket }: IncomingMessage): Client {
  return { key: socket.remoteAddress ?? '' };
}
