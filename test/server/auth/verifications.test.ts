import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { createVerifications } from '../../../src/server/auth/verifications.ts';

const AT_ONCE = BOUNDS.verifications.max;
const WAITING = BOUNDS.verificationsWaiting.max;

const settle = () => new Promise(setImmediate);

/** Verifications that begin in their turn, and end when they are told to. */
function verifying() {
  const verifications = createVerifications();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const verify = (client: string, name = client) =>
    verifications.run(client, async (turn) => {
      await turn();
      begun.push(name);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      ends.set(name, () => resolve(undefined));
      await promise;
      return name;
    });
  return { verifications, begun, verify, end: (name: string) => ends.get(name)?.() };
}

describe('verifications', () => {
  it('let each client have a few at once, and begin the others in order as these end', async () => {
    const { begun, verify, end } = verifying();
    const all = Array.from({ length: AT_ONCE + 3 }, (_, index) => verify('a', String(index)));
    await settle();
    expect(begun).toHaveLength(AT_ONCE);
    end('3');
    end('1');
    await settle();
    expect(begun.slice(AT_ONCE)).toEqual([String(AT_ONCE), String(AT_ONCE + 1)]);
    for (let index = 0; index < AT_ONCE + 3; index += 1) {
      end(String(index));
      await settle();
    }
    await expect(Promise.all(all)).resolves.toHaveLength(AT_ONCE + 3);
  });

  it('begin that of another client at once, whatever one has waiting', async () => {
    const { begun, verify } = verifying();
    for (let index = 0; index < 100; index += 1) void verify('many', 'many');
    void verify('one');
    await settle();
    expect(begun.filter((name) => name === 'many')).toHaveLength(AT_ONCE);
    expect(begun).toContain('one');
  });

  it('refuse those of a client that has too many waiting, with RATE_LIMITED, and no others', async () => {
    const { begun, verify } = verifying();
    const refused: unknown[] = [];
    for (let index = 0; index < AT_ONCE + WAITING + 2; index += 1)
      verify('many', 'many').catch((error: unknown) => refused.push(error));
    void verify('one');
    await settle();
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ name: 'RateLimitedError', policy: 'verificationsWaiting' });
    expect(begun).toContain('one');
  });

  it('free the turn of one that failed, and count none that never had one', async () => {
    const { verifications, begun, verify } = verifying();
    for (let index = 0; index < 3 * AT_ONCE; index += 1) {
      await expect(
        verifications.run('a', async (turn) => {
          if (index % 2 === 0) await turn();
          throw new Error('no signature');
        }),
      ).rejects.toThrow('no signature');
    }
    for (let index = 0; index < AT_ONCE; index += 1) void verify('a');
    await settle();
    expect(begun).toHaveLength(AT_ONCE);
  });
});
