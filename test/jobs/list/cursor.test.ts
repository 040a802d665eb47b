import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, type Cursor } from '../../../src/jobs/list/cursor.ts';

const CURSOR: Cursor = {
  token: '019daf5780f74831b0e1a767c9f1c178',
  pageSize: 37,
  after: { id: 'j1', createdAt: 1_767_225_600, marks: 'abcdefghijkl' },
  walk: {
    pages: 3,
    jobs: 111,
    repeated: 5,
    empty: 0,
    begin: 'abcdef',
    tokens: 'abcdefghijkl',
    passed: [
      { second: 1_767_225_600, marks: 'mnopqr' },
      { second: null, marks: 'stuvwxabcdef' },
    ],
    limit: 1_767_225_660,
    isOrdered: true,
  },
};

describe('decodeCursor', () => {
  it('gives back what was encoded, in any process', () => {
    expect(decodeCursor(encodeCursor(CURSOR, 'scope'), 'scope')).toEqual(CURSOR);
    expect(encodeCursor(CURSOR, 'scope')).toBe(encodeCursor({ ...CURSOR }, 'scope'));
    for (const part of [{ walk: null }, { after: null }, { token: null, after: null, walk: null }]) {
      const cursor = { ...CURSOR, ...part };
      expect(decodeCursor(encodeCursor(cursor, 'scope'), 'scope')).toEqual(cursor);
    }
    expect(encodeCursor(CURSOR, 'scope')).toMatch(/^[\w-]+$/);
  });

  it('refuses a cursor of another list', () => {
    expect(() => decodeCursor(encodeCursor(CURSOR, 'one'), 'other')).toThrow(
      '`after` is not a cursor of this list',
    );
  });

  it('refuses a cursor with any one character changed', () => {
    const text = encodeCursor(CURSOR, 'scope');
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('a', 'Z', '0', '-', '_', '=', '!', ' ', 'é'),
        (index, character) => {
          fc.pre(text[index] !== character);
          const changed = text.slice(0, index) + character + text.slice(index + 1);
          expect(() => decodeCursor(changed, 'scope')).toThrow('`after` is not a cursor');
        },
      ),
    );
  });

  it('refuses any text that is no cursor', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, 'scope')).toThrow('`after` is not a cursor');
      }),
    );
  });

  it.for([
    '',
    'not json',
    '{}',
    '[null]',
    '[null,20,null]',
    '[7,20]',
    '["a\\nb",20]',
    '["",20]',
    '[null,101]',
    '[null,0]',
    '[null,0.5]',
    '[null,20,"j1"]',
    '[null,20,"j1",0]',
    '[null,20,null,0,""]',
    '[null,20,"",0,""]',
    '[null,20,"j1","0",""]',
    '[null,20,"j1",0.5,""]',
    '[null,20,"j1",0,null]',
    '[null,20,"j1",0,"abc"]',
    '[null,20,"j1",0,"",0]',
    '[null,20,[]]',
    '[null,20,[1,1,0,0,"","",null,1]]',
    '[null,20,[1,1,0,0,"","",null,1,[],0]]',
    '[null,20,[0.5,1,0,0,"","",null,1,[]]]',
    '[null,20,[1,-1,0,0,"","",null,1,[]]]',
    '[null,20,[1,1,"0",0,"","",null,1,[]]]',
    '[null,20,[1,1,0,null,"","",null,1,[]]]',
    '[null,20,[1,1,0,0,"","abc",null,1,[]]]',
    '[null,20,[1,1,0,0,"abc","",null,1,[]]]',
    `[null,20,[1,1,0,0,"","${'abcdef'.repeat(18)}",null,1,[]]]`,
    '[null,20,[1,1,0,0,"","",0.5,1,[]]]',
    '[null,20,[1,1,0,0,"","",null,true,[]]]',
    '[null,20,[1,1,0,0,"","",null,1,null]]',
    '[null,20,[1,1,0,0,"","",null,1,[0]]]',
    '[null,20,[1,1,0,0,"","",null,1,["0","abcdef"]]]',
    '[null,20,[1,1,0,0,"","",null,1,[0,""]]]',
    '[null,20,[1,1,0,0,"","",null,1,[0,"abc"]]]',
    `[null,20,[1,1,0,0,"","",null,1,[0,"${'abcdef'.repeat(137)}"]]]`,
    `[null,20,[1,1,0,0,"","",null,1,[0,"${'abcdef'.repeat(64)}",1,"${'abcdef'.repeat(73)}"]]]`,
    '[null,20,[1,1,0,0,"","",null,1,[]],"j1",0,""]',
  ])('refuses %s even with a digest made by hand', (json) => {
    const digest = createHash('sha256').update(`scope\n${json}`).digest('base64url').slice(0, 16);
    const forged = Buffer.from(digest + json).toString('base64url');
    expect(() => decodeCursor(forged, 'scope')).toThrow('`after` is not a cursor');
  });
});
