import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/replicas/claims.ts';
import { SharedSource, type SharedSourceOptions } from '../../src/replicas/shared-source.ts';
import { FRESHNESS } from '../support/jobs.ts';

const CONTEXT = {
  signal: new AbortController().signal,
  client: 'test',
  turnKey: {},
  onCall: () => undefined,
};

/** A source of a replica that has joined, over states that are read so. */
function sourceOver(states: SharedSourceOptions['states']): SharedSource {
  return new SharedSource({
    connection: { mode: 'joined' },
    states,
    claims: new Claims({ claim: () => Promise.resolve() }),
    memory: {
      unfinishedMs: FRESHNESS.unfinishedMs,
      peek: () => undefined,
      inDemand: () => [],
      ingest: () => undefined,
      adopt: () => undefined,
      onIngest: () => undefined,
    },
    ice: { read: (id) => Promise.reject(new Error(`${id} is read from ICE`)) },
    along: { candidates: () => [], leastAgeMs: () => 0, read: () => undefined, reading: () => undefined },
    freshness: FRESHNESS,
    now: Date.now,
  });
}

describe('reads for all replicas', () => {
  it('are rejected, each of them, when what they are read together by throws', async () => {
    const source = sourceOver({
      read: () => {
        throw new TypeError('a state that nobody can read');
      },
    });
    const reads = ['a', 'b'].map((id) => source.read(id, 'summary', CONTEXT));
    const reasons = (await Promise.allSettled(reads)).map((read) => 'reason' in read && String(read.reason));
    expect(reasons).toEqual(Array(2).fill('TypeError: a state that nobody can read'));
  });

  it('are rejected too when it throws while they wait for another replica', async () => {
    let looks = 0;
    const source = sourceOver({
      read: (wanted) => {
        looks += 1;
        if (looks > 1) throw new TypeError('a state that nobody can read');
        return Promise.resolve(wanted.map(() => ({ standing: 'awaited', entry: undefined })));
      },
    });
    await expect(source.read('a', 'summary', CONTEXT)).rejects.toThrow('a state that nobody can read');
    expect(looks).toBe(2);
  });
});
