import { describe, expect, it } from 'vitest';
import type { Known } from '../../../src/jobs/store/entry.ts';
import { Answers, type WholeAnswer } from '../../../src/server/response-cache/stored-responses.ts';
import type { Ticket } from '../../../src/server/response-cache/request-key.ts';

const PROOF = { version: 1, since: 0, until: Infinity };
const proving = { prove: () => PROOF };

function ticket(key: string, content: Ticket['content'] = Buffer.from(key)): Ticket {
  return { method: 'POST', head: '', key, content };
}

const STATES = new Map<string, Known>();

function answer(body: string): WholeAnswer {
  return { body, etag: undefined, compressed: new Map(), head: [], madeAt: 0 };
}

const textOf = (kept: WholeAnswer | undefined) => kept?.body.toString();

describe('answers', () => {
  it('are given to the very request, not to another that has the same checksum', () => {
    const answers = new Answers({ store: proving, maxBytes: 1_000_000 });
    answers.keep(ticket('key', Buffer.from('one')), answer('first'), STATES);
    answers.keep(ticket('search', '?one'), answer('second'), STATES);
    expect(textOf(answers.get(ticket('key', Buffer.from('one'))))).toBe('first');
    expect(answers.get(ticket('key', Buffer.from('two')))).toBeUndefined();
    expect(textOf(answers.get(ticket('search', '?one')))).toBe('second');
    expect(answers.get(ticket('search', '?two'))).toBeUndefined();
  });

  it.for([10, 5000, 100_000])('of %i bytes are given as they were', (length) => {
    const answers = new Answers({ store: proving, maxBytes: 1_000_000 });
    const body = 'é'.repeat(length / 2);
    answers.keep(ticket('key'), answer(body), STATES);
    expect(textOf(answers.get(ticket('key')))).toBe(body);
  });

  it('take no more than their bytes: those that were given longest ago go', () => {
    const answers = new Answers({ store: proving, maxBytes: 500_000 });
    answers.keep(ticket('first'), answer('x'.repeat(10_000)), STATES);
    for (let count = 0; count < 1000; count += 1) {
      answers.keep(ticket(`key ${String(count)}`), answer('x'.repeat(10_000)), STATES);
      answers.get(ticket('first'));
    }
    expect(answers.size).toBeGreaterThan(20);
    expect(answers.size * 10_000).toBeLessThan(500_000);
    expect(answers.get(ticket('first'))).toBeDefined();
    expect(answers.get(ticket('key 0'))).toBeUndefined();
    expect(answers.get(ticket('key 999'))).toBeDefined();
  });

  it.for([
    ['its request', ticket('key', Buffer.alloc(20_000))],
    ['the headers of its request', ticket('x'.repeat(20_000))],
  ] as const)('count what is kept of %s', ([, large]) => {
    const answers = new Answers({ store: proving, maxBytes: 10_000 });
    answers.keep(large, answer('{}'), STATES);
    expect(answers.get(large)).toBeUndefined();
  });

  it('are forgotten once they are not right any more', () => {
    let proof: typeof PROOF | undefined = PROOF;
    const answers = new Answers({ store: { prove: () => proof }, maxBytes: 10_000 });
    answers.keep(ticket('key'), answer('{}'), STATES);
    proof = undefined;
    expect(answers.get(ticket('key'))).toBeUndefined();
    expect(answers.size).toBe(0);
  });

  it('that were for one request alone are not kept, nor any without room', () => {
    const answers = new Answers({ store: proving, maxBytes: 10_000 });
    const none = new Answers({ store: proving, maxBytes: 0 });
    answers.keep(ticket('key'), answer('{}'), undefined);
    none.keep(ticket('key'), answer('{}'), STATES);
    expect([answers.size, none.size]).toEqual([0, 0]);
    expect(none.get(ticket('key'))).toBeUndefined();
  });
});
