import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The least that an HTTP server on Node.js does: it reads the request and answers a prepared body, as many bytes long
 * as the path says (`POST /2048`), or 304 to whoever has it already. What the gateway reaches is given as a share of this.
 */
const bodies = new Map<string, Buffer>();

function bodyFor(path: string): Buffer {
  const body = bodies.get(path) ?? Buffer.alloc(Number(path.slice(1)), 'x');
  bodies.set(path, body);
  return body;
}

const server = createServer((incoming, response) => {
  if (incoming.headers['if-none-match'] !== undefined) {
    response.writeHead(304, { etag: incoming.headers['if-none-match'] }).end();
    return;
  }
  incoming.resume();
  incoming.once('end', () => {
    const body = bodyFor(incoming.url ?? '/0');
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${String(port)}`);
});
