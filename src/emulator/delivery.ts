import type { ServerResponse } from 'node:http';
import type { Answer } from './api.ts';
import type { Reply } from './envelope.ts';

/** Writes an answer to its connection, spoiled in the way its fault says. */
export function deliver(response: ServerResponse, { reply, fault }: Answer): void {
  const { body } = reply;
  const half = body.slice(0, Math.ceil(body.length / 2));
  switch (fault?.kind) {
    case undefined:
      writeHead(response, reply);
      response.end(body);
      return;
    case 'hang':
      if (fault.when === 'before-headers') return;
      writeHead(response, reply);
      response.write(half);
      return;
    case 'reset':
      reset(response, reply, fault.when === 'mid-body' ? half : '', fault.when);
      return;
    case 'truncate':
      writeHead(response, reply);
      response.write(half, () => response.socket?.end());
      return;
    case 'garbage':
      if (fault.what === 'not-http') response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n');
      else sendNonsense(response, reply);
  }
}

function reset(
  response: ServerResponse,
  reply: Reply,
  content: string,
  when: 'before-headers' | 'after-headers' | 'mid-body',
): void {
  if (when === 'before-headers') {
    response.socket?.resetAndDestroy();
    return;
  }
  writeHead(response, reply);
  response.flushHeaders();
  if (content !== '') response.write(content);
  // An empty write's callback comes when the kernel has all before it, so the reset overtakes nothing here.
  response.socket?.write('', () => response.socket?.resetAndDestroy());
}

function sendNonsense(response: ServerResponse, reply: Reply): void {
  const body = `{"RequestId": oops ${reply.body.slice(0, 40)}`;
  writeHead(response, { ...reply, body });
  response.end(body);
}

function writeHead(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
}
