import type { IncomingMessage, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { FaultInjector } from './faults.ts';

export interface ProxyOptions {
  readonly faults: FaultInjector;
  /** Answers as ICE and STS at the ends of tunnels. Without it there are no tunnels. */
  readonly tls: TlsServer | undefined;
}

/** The hosts that tunnels lead to. All of them are the emulator, so nothing leaves this machine. */
const TARGET = /^(?:[\w.-]+\.aliyuncs\.com|localhost|127\.0\.0\.1):\d{1,5}$/i;

/**
 * Has a server answer CONNECT, as a proxy does. The status is 403 for a host that is not one of Alibaba Cloud's, and 502 without
 * TLS. A `proxy` fault goes first.
 *
 * @returns ends all tunnels
 */
export function answerConnect(server: Server, { faults, tls }: ProxyOptions): () => void {
  const sockets = new Set<Duplex>();
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
    const fault = faults.take(['proxy'], undefined, []);
    if (fault?.isSilent === true) return;
    const refusal = fault === undefined ? refusalOf(request, tls) : (fault.status ?? 407);
    if (refusal !== undefined || tls === undefined) {
      const challenge = refusal === 407 ? 'Proxy-Authenticate: Basic realm="emulator"\r\n' : '';
      socket.end(`HTTP/1.1 ${String(refusal)} Refused\r\n${challenge}Content-Length: 0\r\n\r\n`);
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    tls.emit('connection', socket);
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

function refusalOf({ url = '' }: IncomingMessage, tls: TlsServer | undefined): number | undefined {
  if (!TARGET.test(url)) return 403;
  return tls === undefined ? 502 : undefined;
}
