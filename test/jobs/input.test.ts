import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/jobs/errors.ts';
import { jobId, jobIds } from '../../src/jobs/input.ts';

describe('jobId', () => {
  it.for(['a', 'ab4802364a2e49208c99efab82df****', '~!@', 'x'.repeat(128)])('accepts %s', (id) => {
    expect(jobId('id', id)).toBe(id);
  });

  it.for([
    ['', 'an empty text'],
    ['x'.repeat(129), '129 characters'],
    ['a b', 'other characters'],
    ['a\n', 'other characters'],
    ['é', 'other characters'],
    ['🎬', 'other characters'],
    ['\u0000', 'other characters'],
  ] as const)('refuses %j and says why', ([id, why]) => {
    expect(() => jobId('id', id)).toThrow(
      new InputError('id', `must be 1 to 128 printable ASCII characters without spaces, got ${why}`),
    );
  });
});

describe('jobIds', () => {
  it('accepts none to 100 ids', () => {
    expect(jobIds('ids', [])).toEqual([]);
    expect(jobIds('ids', Array<string>(100).fill('a'))).toHaveLength(100);
  });

  it('refuses 101 ids, naming the argument and the limit', () => {
    expect(() => jobIds('ids', Array<string>(101).fill('a'))).toThrow('`ids` takes at most 100 ids, got 101');
  });

  it('names the place of a wrong id', () => {
    expect(() => jobIds('ids', ['a', ''])).toThrow(expect.objectContaining({ argument: 'ids[1]' }));
  });
});
