import { parse, type DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { OverloadedError } from '../../../src/jobs/errors.ts';
import { SubscribedDocuments, type HeldDocument } from '../../../src/server/graphql/subscribed-documents.ts';

/** A document that takes about a megabyte by its comment. */
const large = (name: string): DocumentNode =>
  parse(`subscription ${name} { packageJobUpdated(ids: []) { id } } #${'x'.repeat(1_000_000)}`);

describe('documents of subscriptions', () => {
  it('of the same text are one, until the last subscription ends', () => {
    const documents = new SubscribedDocuments();
    const first = documents.hold(parse('{ a }'), 'a');
    const second = documents.hold(parse('{ a }'), 'b');
    expect(second.document).toBe(first.document);
    expect(second.number).toBe(first.number);
    const other = documents.hold(parse('{ b }'), 'a');
    expect(other.number).not.toBe(first.number);
    for (const { release } of [first, other]) release();
    expect(documents.size).toBe(1);
    second.release();
    expect(documents.size).toBe(0);
  });

  it('over the bound of a client are refused, and those of others are not', () => {
    const documents = new SubscribedDocuments();
    const names = Array.from({ length: 9 }, (_, index) => `S${String(index)}`);
    const held: HeldDocument[] = [];
    const holdAll = () => {
      for (const name of names) held.push(documents.hold(large(name), 'a'));
    };
    expect(holdAll).toThrow(expect.objectContaining({ policy: 'subscriptionDocuments' }));
    // What is held already takes nothing more.
    for (let index = 0; index < 10; index += 1) held.push(documents.hold(large('S0'), 'a'));
    held.push(documents.hold(large('T'), 'b'));
    for (const { release } of held) release();
    expect(documents.size).toBe(0);
    expect(() => documents.hold(large('T'), 'a')).not.toThrow();
  });

  it('count each comment and each token', () => {
    const documents = new SubscribedDocuments();
    const comments = parse(`{ a }${'#\n'.repeat(100_000)}`);
    expect(() => documents.hold(comments, 'a')).toThrow(/may take/);
    expect(documents.size).toBe(0);
  });

  it('of all clients together have a bound too', () => {
    const documents = new SubscribedDocuments();
    const most = BOUNDS.allSubscriptionDocuments.max / 1_000_000;
    const holdAll = () => {
      for (let client = 0; client <= most; client += 1) {
        documents.hold(large(`S${String(client)}`), String(client));
      }
    };
    expect(holdAll).toThrow(OverloadedError);
  });
});
