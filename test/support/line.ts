import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line between clients and a server, which can fail in the ways that lines do. */
export interface Line {
  /** Where clients connect, such as `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Cuts all connections, and refuses new ones. */
  refuse(): Promise<void>;
  /** Cuts all connections, and answers each request on new ones by these bytes, as a proxy does whose server is away. */
  answer(bytes: string): Promise<void>;
  /** Takes connections again, at the same address. */
  restore(): Promise<void>;
  /** Resets all connections, as a process does that is killed. */
  reset(): void;
  /** Swallows all that comes, on connections old and new. Nobody is told. */
  swallow(): void;
  /** Forwards what comes on new connections. Those that swallowed do so for ever. */
  forward(): void;
  close(): Promise<void>;
}

export interface LineOptions {
  /** Cuts a connection on which nothing has come for so long. @default never */
  readonly idleMs?: number;
}

/** Starts a line to a server. */
export async function startLine(target: string, { idleMs = 0 }: LineOptions = {}): Promise<Line> {
  const targetPort = Number(new URL(target).port);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSwallowing = false;
  let answer: string | undefined;
  const server = createServer((near) => {
    const bytes = answer;
    if (bytes !== undefined) {
      const alone = [near, near] as const;
      pairs.add(alone);
      near.on('error', () => undefined).once('close', () => pairs.delete(alone));
      near.once('data', () => near.end(bytes));
      return;
    }
    const far = connect({ port: targetPort, host: '127.0.0.1' });
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setTimeout(idleMs, () => from.destroy());
      from.on('error', () => undefined);
      from.once('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      if (isSwallowing) from.resume();
      else from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };

  const cut = (how: 'destroy' | 'resetAndDestroy') => {
    for (const pair of pairs) for (const socket of pair) socket[how]();
  };
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    cut('destroy');
    await closed;
  };
  return {
    url: `http://127.0.0.1:${String(port)}`,
    refuse: stop,
    async answer(bytes) {
      await stop();
      answer = bytes;
      await listen();
    },
    async restore() {
      if (server.listening) await stop();
      answer = undefined;
      await listen();
    },
    reset: () => cut('resetAndDestroy'),
    swallow() {
      isSwallowing = true;
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }
    },
    forward: () => void (isSwallowing = false),
    close: () => (server.listening ? stop() : Promise.resolve()),
  };
}
