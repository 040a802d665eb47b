import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { SignatureError, TokenError } from '../../../src/server/auth/errors.ts';
import { createVerifications } from '../../../src/server/auth/verifications.ts';

const AT_ONCE = BOUNDS.verifications.max;
const FORGED = BOUNDS.forgedTokens.max;

/** More turns of the event loop than anything here takes that can go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

/** Verifications that begin in their turn, and end when they are told to. */
function verifying() {
  const clock = { now: 0 };
  const verifications = createVerifications(() => clock.now);
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
  const fail = (client: string, error: Error) =>
    verifications.run(client, async (turn) => {
      await turn();
      throw error;
    });
  const forge = async (client: string, count: number) => {
    for (let index = 0; index < count; index += 1)
      await expect(fail(client, new SignatureError())).rejects.toThrow('does not verify');
  };
  return { clock, verifications, begun, verify, fail, forge, end: (name: string) => ends.get(name)?.() };
}

const LIMITED = { name: 'RateLimitedError', policy: 'forgedTokens' };

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
    for (let index = 0; index < FORGED + 2; index += 1)
      verify('many', 'many').catch((error: unknown) => refused.push(error));
    void verify('one');
    await settle();
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject(LIMITED);
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

  it('look at no signature of a client any more where too many did not verify, until some are forgiven', async () => {
    const { clock, verifications, begun, verify, forge, end } = verifying();
    await forge('a', FORGED);
    expect(() => verifications.check('a')).toThrow(expect.objectContaining(LIMITED));
    await expect(verify('a')).rejects.toMatchObject(LIMITED);
    expect(begun).toEqual([]);
    verifications.check('b');
    const other = verify('b');
    await settle();
    expect(begun).toEqual(['b']);
    end('b');
    await other;
    // 50 in a second.
    clock.now += 100;
    await forge('a', 5);
    await expect(verify('a')).rejects.toMatchObject(LIMITED);
    clock.now += 60_000;
    await forge('a', FORGED);
    await expect(verify('a')).rejects.toMatchObject(LIMITED);
  });

  it('hold nothing against a client but signatures that did not verify', async () => {
    const { verifications, fail } = verifying();
    for (let index = 0; index < 2 * FORGED; index += 1) {
      await expect(fail('a', new TokenError('expired'))).rejects.toThrow('expired');
      await expect(verifications.run('a', (turn) => turn().then(() => 'good'))).resolves.toBe('good');
    }
    verifications.check('a');
  });

  it('begin in slices, so that a thousand are not read in one turn of the event loop', async () => {
    const { verifications } = verifying();
    let read = 0;
    const all = Array.from({ length: 100 }, () =>
      verifications.run('many', async () => {
        read += 1;
        const until = performance.now() + 1;
        while (performance.now() < until);
      }),
    );
    let other = 0;
    const one = verifications.run('one', async () => void (other = read));
    await one;
    expect(other).toBeLessThan(50);
    await Promise.all(all);
  });
});
