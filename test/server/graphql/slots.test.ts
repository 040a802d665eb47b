import { describe, expect, it } from 'vitest';
import { createSlots, LeftError } from '../../../src/server/graphql/slots.ts';

const STAYS = new AbortController().signal;

/** Tasks that end when the test says so. */
function tasks(max: number) {
  const slots = createSlots(max);
  const started: string[] = [];
  const ends = new Map<string, { finish: () => void; fail: () => void; release: () => void }>();
  const run = (client: string, name: string, left = STAYS) =>
    slots.run(client, left, (release) => {
      started.push(name);
      return new Promise<string>((resolve, reject) =>
        ends.set(name, { finish: () => resolve(name), fail: () => reject(new Error(name)), release }),
      );
    });
  return { run, started, end: (name: string) => ends.get(name) };
}

describe('slots', () => {
  it('are taken in order, while another client’s are taken at once', async () => {
    const { run, started, end } = tasks(1);
    const [first, second, third] = [run('a', 'a1'), run('a', 'a2'), run('a', 'a3')];
    void run('b', 'b1');
    expect(started).toEqual(['a1', 'b1']);
    end('a1')?.finish();
    expect(await first).toBe('a1');
    await expect.poll(() => started).toEqual(['a1', 'b1', 'a2']);
    end('a2')?.fail();
    await expect(second).rejects.toThrow('a2');
    await expect.poll(() => started).toEqual(['a1', 'b1', 'a2', 'a3']);
    end('a3')?.finish();
    await third;
    void run('a', 'a4');
    expect(started.at(-1)).toBe('a4');
  });

  it('can be given on early, once', async () => {
    const { run, started, end } = tasks(1);
    const first = run('a', 'a1');
    void run('a', 'a2');
    void run('a', 'a3');
    end('a1')?.release();
    end('a1')?.release();
    end('a1')?.finish();
    await first;
    await expect.poll(() => started).toEqual(['a1', 'a2']);
  });

  it('are not waited for by who has left, and nothing of that is kept', async () => {
    const { run, started, end } = tasks(1);
    const first = run('a', 'a1');
    const leaving = new AbortController();
    const left = run('a', 'a2', leaving.signal);
    const third = run('a', 'a3');
    leaving.abort();
    await expect(left).rejects.toBeInstanceOf(LeftError);
    await expect(run('a', 'a4', AbortSignal.abort())).rejects.toBeInstanceOf(LeftError);
    end('a1')?.finish();
    await first;
    await expect.poll(() => started).toEqual(['a1', 'a3']);
    end('a3')?.finish();
    await third;
  });
});
