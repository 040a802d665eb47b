import { print, type DocumentNode } from 'graphql';
import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import { OverloadedError, RateLimitedError } from '../../jobs/errors.ts';
import { documentBytes } from './weight.ts';

/** A document that a subscription executes for as long as it lasts. */
export interface HeldDocument {
  /** The one document of this text that all subscriptions execute. */
  readonly document: DocumentNode;
  /** No other document that is held has it. */
  readonly number: number;
  /** Is called once, when the subscription has ended. */
  readonly release: () => void;
}

interface Entry extends Pick<HeldDocument, 'document' | 'number'> {
  readonly bytes: number;
  /** How many subscriptions of each client execute it. */
  readonly subscriptions: Map<string, number>;
}

/** The documents of the subscriptions that are under way. Each text is kept once, and counted for each client that uses it. */
export class SubscribedDocuments {
  readonly #entries = new Map<string, Entry>();
  readonly #shares = new ClientShares(BOUNDS.subscriptionDocuments.max);
  #bytes = 0;
  #numbers = 0;

  /** How many are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Keeps a document for a subscription of this client.
   *
   * @throws {RateLimitedError} when the client's documents take too much
   * @throws {OverloadedError} when those of all clients do
   */
  hold(document: DocumentNode, client: string): HeldDocument {
    const text = document.loc?.source.body ?? print(document);
    const known = this.#entries.get(text);
    const entry = known ?? this.#createEntry(document);
    const { bytes, subscriptions } = entry;
    const isNew = !subscriptions.has(client);
    if (isNew && !this.#shares.allows(client, bytes)) {
      const problem = `The documents of a client's subscriptions may take ${String(this.#shares.max)} bytes`;
      throw new RateLimitedError('subscriptionDocuments', problem);
    }
    if (known === undefined && this.#bytes + bytes > BOUNDS.allSubscriptionDocuments.max) {
      throw new OverloadedError('The documents of all subscriptions take too much memory');
    }
    if (known === undefined) {
      this.#entries.set(text, entry);
      this.#bytes += bytes;
    }
    if (isNew) this.#shares.add(client, bytes);
    subscriptions.set(client, (subscriptions.get(client) ?? 0) + 1);
    return {
      document: entry.document,
      number: entry.number,
      release: () => this.#release(text, entry, client),
    };
  }

  #createEntry(document: DocumentNode): Entry {
    this.#numbers += 1;
    return { document, number: this.#numbers, bytes: documentBytes(document), subscriptions: new Map() };
  }

  #release(text: string, { bytes, subscriptions }: Entry, client: string): void {
    const left = (subscriptions.get(client) ?? 0) - 1;
    if (left > 0) {
      subscriptions.set(client, left);
      return;
    }
    subscriptions.delete(client);
    this.#shares.add(client, -bytes);
    if (subscriptions.size > 0) return;
    this.#entries.delete(text);
    this.#bytes -= bytes;
  }
}
