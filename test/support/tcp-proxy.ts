import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a port that can break, or swallow everything. */
export interface TcpProxy {
  readonly port: number;
  /** Nothing passes, and no connection breaks. */
  silence(): void;
  /** All connections break, and new ones are refused. */
  cut(): void;
  /** Connections pass again. Those that were silent have lost nothing. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts one in front of a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let mode: 'open' | 'silent' | 'cut' = 'open';
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (mode === 'cut') return near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (mode === 'silent') from.pause();
    }
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      mode = 'silent';
      for (const socket of sockets) socket.pause();
    },
    cut() {
      mode = 'cut';
      destroyAll();
    },
    heal() {
      mode = 'open';
      for (const socket of sockets) socket.resume();
    },
    async close() {
      destroyAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
