import type { ServerResponse } from 'node:http';
import type { Delivery } from './api.ts';
import type { HttpResponse } from './envelope.ts';

/** Sends a response on its connection, with the delivery fault if there is one. */
export function deliver(outgoing: ServerResponse, { response, fault }: Delivery): void {
  const { body } = response;
  const half = body.slice(0, Math.ceil(body.length / 2));
  switch (fault?.kind) {
    case undefined:
      writeHead(outgoing, response);
      outgoing.end(body);
      return;
    case 'hang':
      if (fault.when === 'before-headers') return;
      writeHead(outgoing, response);
      outgoing.write(half);
      return;
    case 'reset':
      reset(outgoing, response, fault.when === 'mid-body' ? half : '', fault.when);
      return;
    case 'truncate':
      writeHead(outgoing, response);
      outgoing.write(half, () => outgoing.socket?.end());
      return;
    case 'garbage':
      if (fault.what === 'not-http') outgoing.socket?.end('SSH-2.0-OpenSSH_9.9\r\n');
      else sendInvalidJson(outgoing, response);
  }
}

function reset(
  outgoing: ServerResponse,
  response: HttpResponse,
  content: string,
  when: 'before-headers' | 'after-headers' | 'mid-body',
): void {
  if (when === 'before-headers') {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  writeHead(outgoing, response);
  outgoing.flushHeaders();
  if (content !== '') outgoing.write(content);
  // Node.js calls back after the kernel has taken all earlier writes, so the reset does not overtake them.
  outgoing.socket?.write('', () => outgoing.socket?.resetAndDestroy());
}

function sendInvalidJson(outgoing: ServerResponse, response: HttpResponse): void {
  const body = `{"RequestId": oops ${response.body.slice(0, 40)}`;
  writeHead(outgoing, { ...response, body });
  outgoing.end(body);
}

function writeHead(outgoing: ServerResponse, { status, headers, body }: HttpResponse): void {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
}
