import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/server/graphql/turns.ts';

const STAYS = new AbortController().signal;

/** Lets operations begin, and writes down in which order they do. */
function beginning() {
  const turns = createTurns();
  const begun: string[] = [];
  const begin = async (client: string, busyMs = 0): Promise<void> => {
    await turns.next(client, STAYS);
    begun.push(client);
    const until = performance.now() + busyMs;
    while (performance.now() < until);
  };
  return { turns, begun, begin };
}

describe('turns', () => {
  it('let the first operations of a turn of the event loop begin at once', () => {
    const { turns } = beginning();
    expect(turns.next('a', STAYS)).toBeUndefined();
    expect(turns.next('a', STAYS)).toBeUndefined();
    expect(turns.next('b', STAYS)).toBeUndefined();
  });

  it('let all begin, those of each client in their order', async () => {
    const { turns } = beginning();
    const begun: string[] = [];
    const names = Array.from({ length: 50 }, (_, index) => `${index % 3 === 0 ? 'a' : 'b'} ${String(index)}`);
    await Promise.all(
      names.map(async (name) => {
        await turns.next(name.slice(0, 1), STAYS);
        begun.push(name);
      }),
    );
    expect(begun.toSorted()).toEqual(names.toSorted());
    for (const client of ['a', 'b']) {
      const own = (list: readonly string[]) => list.filter((name) => name.startsWith(client));
      expect(own(begun)).toEqual(own(names));
    }
  });

  it('give a client the next but one, whatever another has waiting', async () => {
    const { begun, begin } = beginning();
    const many = Array.from({ length: 100 }, () => begin('many'));
    await new Promise(setImmediate);
    const before = begun.length;
    await begin('one');
    expect(begun.length - before).toBeLessThanOrEqual(3);
    await Promise.all(many);
  });

  it('let what arrives by a socket be read in between', async () => {
    const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const { begun, begin } = beginning();
    const many = Array.from({ length: 100 }, () => begin('many', 2));
    socket.write('hello');
    await once(socket, 'data');
    expect(begun.length).toBeLessThan(50);
    await Promise.all(many);
    socket.destroy();
    server.close();
  });

  it('begin many that take little in one turn of the event loop, whatever else fills these turns', async () => {
    const { begun, begin } = beginning();
    let isOver = false;
    let turnsTaken = 0;
    const fill = (): void => {
      const until = performance.now() + 6;
      while (performance.now() < until);
      turnsTaken += 1;
      if (!isOver) setImmediate(fill);
    };
    fill();
    await Promise.all(Array.from({ length: 100 }, () => begin('many', 0.5)));
    isOver = true;
    expect(begun).toHaveLength(100);
    // 50 ms of operations in slices of 5, with a turn in between that only reads.
    expect(turnsTaken).toBeLessThan(50);
  });

  it('let a client whose operations take little have several in its turn', async () => {
    const { begun, begin } = beginning();
    const heavy = Array.from({ length: 30 }, () => begin('heavy', 4));
    await new Promise(setImmediate);
    const before = begun.length;
    await Promise.all(Array.from({ length: 20 }, () => begin('light')));
    expect(begun.slice(before).filter((client) => client === 'heavy').length).toBeLessThan(12);
    await Promise.all(heavy);
  });

  it('pass over operations that nobody waits for', async () => {
    const { turns, begun, begin } = beginning();
    const first = Array.from({ length: 10 }, () => begin('a'));
    const leaving = new AbortController();
    const left = turns.next('a', leaving.signal);
    const last = begin('a').then(() => begun.push('last'));
    leaving.abort();
    await left;
    expect(begun.length).toBeLessThan(10);
    await Promise.all([...first, last]);
    expect(begun.at(-1)).toBe('last');
  });

  it('are taken at once again when nobody waits', async () => {
    const { turns, begin } = beginning();
    await Promise.all(Array.from({ length: 20 }, () => begin('a')));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(turns.next('a', STAYS)).toBeUndefined();
  });
});
