import { describe, expect, it } from 'vitest';
import type { KeysFailed, KeysFound } from '../../../src/ice/events.ts';
import { createKeyRing } from '../../../src/ice/keys/key-ring.ts';
import { KeySourceError, type Keys, type KeySource } from '../../../src/ice/keys/key-source.ts';
import { createEvents } from '../../support/events.ts';

const MINUTE = 60_000;

/** A key ring over a source that answers as told, on clocks that the test moves. */
function ringOver(answer: (lookUp: number) => Promise<Keys> | Keys) {
  const time = { machine: Date.UTC(2026, 0, 1), elapsed: 0 };
  const events = createEvents().ice;
  const found: KeysFound[] = [];
  const failed: KeysFailed[] = [];
  events.on('keysFound', (keys) => found.push(keys));
  events.on('keysFailed', (failure) => failed.push(failure));
  const asked = { lookUps: 0 };
  const source: KeySource = {
    name: 'test',
    lookUp: async () => answer((asked.lookUps += 1)),
  };
  const keys = createKeyRing({
    chooseSource: () => Promise.resolve(source),
    events,
    now: () => time.machine,
    elapsed: () => time.elapsed,
  });
  const replace = async (id: string) => keys.replace?.({ accessKeyId: id, accessKeySecret: 's' });
  return {
    asked,
    found,
    failed,
    time,
    current: async () => (await keys()).accessKeyId,
    keys,
    replace,
    pass(ms: number) {
      time.machine += ms;
      time.elapsed += ms;
    },
  };
}

const keysOf = (id: number | string, expiresAt?: number): Keys => ({
  credentials: { accessKeyId: `key-${String(id)}`, accessKeySecret: 's' },
  expiresAt,
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a key ring', () => {
  it('looks keys up once for all who wait', async () => {
    const { asked, current } = ringOver((lookUp) => keysOf(lookUp));
    await expect(Promise.all([current(), current(), current()])).resolves.toEqual([
      'key-1',
      'key-1',
      'key-1',
    ]);
    expect(asked.lookUps).toBe(1);
  });

  it.for([1, 5, 10, 15])(
    'looks up keys of %i minutes once, and again in the second half of their time',
    async (minutes) => {
      const start = Date.UTC(2026, 0, 1);
      const ring = ringOver((lookUp) => keysOf(lookUp, start + lookUp * minutes * MINUTE));
      for (let call = 0; call < 6; call += 1) expect(await ring.current()).toBe('key-1');
      expect(ring.asked.lookUps).toBe(1);
      ring.pass(0.6 * minutes * MINUTE);
      expect(await ring.current()).toBe('key-1');
      await settled();
      expect(await ring.current()).toBe('key-2');
      expect(ring.asked.lookUps).toBe(2);
    },
  );

  it('asks a source that gives the same keys again only now and then', async () => {
    const ring = ringOver(() => keysOf('same', Date.UTC(2026, 0, 1) + 10 * MINUTE));
    for (let second = 0; second < 600; second += 1) {
      expect(await ring.current()).toBe('key-same');
      await settled();
      ring.pass(1000);
    }
    expect(ring.asked.lookUps).toBeLessThan(12);
  });

  it('uses valid keys while a look-up hangs, and waits only when they are over', async () => {
    const gate = Promise.withResolvers<Keys>();
    const start = Date.UTC(2026, 0, 1);
    const ring = ringOver((lookUp) => (lookUp === 1 ? keysOf(1, start + 10 * MINUTE) : gate.promise));
    await ring.current();
    ring.pass(6 * MINUTE);
    for (let call = 0; call < 5; call += 1) expect(await ring.current()).toBe('key-1');
    expect(ring.asked.lookUps).toBe(2);
    ring.pass(5 * MINUTE);
    const waiting = ring.current();
    gate.resolve(keysOf(2, start + 60 * MINUTE));
    expect(await waiting).toBe('key-2');
    expect(ring.asked.lookUps).toBe(2);
  });

  it('goes on with valid keys when a look-up fails, and asks less often then', async () => {
    const ring = ringOver((lookUp) => {
      if (lookUp === 1) return keysOf(1, Date.UTC(2026, 0, 1) + 15 * MINUTE);
      throw new KeySourceError('test', 'HTTP_503', true);
    });
    await ring.current();
    for (let second = 0; second < 890; second += 1) {
      expect(await ring.current()).toBe('key-1');
      await settled();
      ring.pass(1000);
    }
    expect(ring.asked.lookUps).toBeLessThan(10);
    expect(ring.failed[0]).toEqual({ source: 'test', reason: 'HTTP_503', hasValidKeys: true });
    ring.pass(15_000);
    await expect(ring.keys()).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      details: { action: 'Credentials', upstreamCode: 'HTTP_503' },
    });
  });

  it('answers all who ask within a second with the failure of one look-up', async () => {
    const ring = ringOver(() => {
      throw new KeySourceError('test', 'FileInvalid');
    });
    for (let call = 0; call < 10; call += 1) {
      await expect(ring.keys()).rejects.toMatchObject({
        code: 'UPSTREAM_REJECTED',
        details: { action: 'Credentials', upstreamCode: 'FileInvalid' },
      });
    }
    expect(ring.asked.lookUps).toBe(1);
    ring.pass(1000);
    await expect(ring.keys()).rejects.toThrow();
    expect(ring.asked.lookUps).toBe(2);
  });

  it('looks refused keys up once, however many were refused', async () => {
    const ring = ringOver((lookUp) => keysOf(lookUp));
    await ring.current();
    await expect(Promise.all([1, 2, 3].map(() => ring.replace('key-1')))).resolves.toEqual([
      true,
      true,
      true,
    ]);
    await expect(ring.replace('key-1')).resolves.toBe(true);
    expect(ring.asked.lookUps).toBe(2);
    expect(await ring.current()).toBe('key-2');
  });

  it('looks a wrong key up at most once a second', async () => {
    const ring = ringOver(() => keysOf('wrong'));
    await ring.current();
    for (let second = 0; second < 5; second += 1) {
      for (let call = 0; call < 100; call += 1) expect(await ring.replace('key-wrong')).toBe(false);
      ring.pass(1000);
    }
    expect(ring.asked.lookUps).toBeLessThanOrEqual(6);
  });

  it('reads keys without an end again every minute', async () => {
    const ring = ringOver((lookUp) => keysOf(lookUp));
    await ring.current();
    ring.pass(59_000);
    await ring.current();
    await settled();
    expect(ring.asked.lookUps).toBe(1);
    ring.pass(1000);
    await ring.current();
    await settled();
    expect(await ring.current()).toBe('key-2');
  });

  it.for([-5, 5])(
    'works with a clock that is %i hours off, and goes by it once it is right',
    async (hours) => {
      const start = Date.UTC(2026, 0, 1);
      const ring = ringOver((lookUp) => keysOf(lookUp, start + lookUp * 60 * MINUTE));
      ring.time.machine += hours * 60 * MINUTE;
      for (let call = 0; call < 5; call += 1) expect(await ring.current()).toBe('key-1');
      ring.time.machine -= hours * 60 * MINUTE;
      ring.pass(50 * MINUTE);
      await ring.current();
      await settled();
      expect(await ring.current()).toBe('key-2');
      expect(ring.asked.lookUps).toBe(2);
    },
  );

  it('tells of each change with the end of the id alone, and of no more', async () => {
    const ids = ['LTAI-example-key-abcd', 'LTAI-example-key-abcd', 'LTAI-example-key-efgh', 'short'];
    const ring = ringOver((lookUp) => ({
      credentials: { accessKeyId: ids[lookUp - 1] ?? '', accessKeySecret: 'canary' },
      expiresAt: undefined,
    }));
    for (const _ of ids) {
      await ring.keys();
      await settled();
      ring.pass(MINUTE);
    }
    expect(ring.found.map(({ id, isChanged }) => [id, isChanged])).toEqual([
      ['abcd', true],
      ['abcd', false],
      ['efgh', true],
      ['', true],
    ]);
    expect(JSON.stringify(ring.found)).not.toMatch(/canary|LTAI/);
  });
});
