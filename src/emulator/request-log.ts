import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ApiRequest } from './request.ts';

/** One API request as it was received. The status is added when the response ends. */
export interface ReceivedRequest {
  /** The action as the request spells it, known or not. Undefined until the body is read. */
  readonly action: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Query and form parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** When the headers were read, by the emulator's clock, in milliseconds since the epoch. */
  readonly at: number;
  /** Undefined when no status line was sent. */
  readonly status: number | undefined;
  readonly requestId: string;
}

type Entry = { -readonly [Key in keyof ReceivedRequest]: ReceivedRequest[Key] };

/** The number of latest requests that are always kept. The counts include older requests too. */
const MIN_KEPT = 100_000;
/** The log may exceed the minimum by this many requests. Then the oldest are removed together, which is faster. */
const MAX_EXCESS = 10_000;

/** The requests that the API received, including invalid and aborted ones. */
export class RequestLog {
  #entries: Entry[] = [];
  #total = 0;
  #byAction = new Map<string, number>();
  #inFlight = 0;
  #maxConcurrency = 0;

  /** At least the latest 100,000 requests, oldest first. */
  get requests(): readonly ReceivedRequest[] {
    return this.#entries;
  }

  /** The largest number of requests in flight at once since the last reset. */
  get maxConcurrency(): number {
    return this.#maxConcurrency;
  }

  get countsByAction(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byAction);
  }

  /** The number of requests since the last reset, including those that are no longer kept. */
  count(action?: string): number {
    return action === undefined ? this.#total : (this.#byAction.get(action) ?? 0);
  }

  /** Removes all requests. Requests in flight still count for the concurrency. */
  reset(): void {
    this.#entries = [];
    this.#total = 0;
    this.#byAction = new Map();
    this.#maxConcurrency = this.#inFlight;
  }

  /** Adds a request whose headers have arrived. */
  open(incoming: IncomingMessage, requestId: string, at: number): Entry {
    const { method = 'GET', url = '/', headers } = incoming;
    const entry = { action: undefined, method, url, headers, params: {}, at, status: undefined, requestId };
    if (this.#entries.length === MIN_KEPT + MAX_EXCESS) this.#entries.splice(0, MAX_EXCESS);
    this.#entries.push(entry);
    this.#total += 1;
    this.#inFlight += 1;
    this.#maxConcurrency = Math.max(this.#maxConcurrency, this.#inFlight);
    return entry;
  }

  /** Adds what is known once the body has been read. */
  describe(entry: Entry, { action, parameters }: ApiRequest): void {
    entry.action = action;
    entry.params = Object.fromEntries(parameters);
    if (action !== undefined) this.#byAction.set(action, this.count(action) + 1);
  }

  /** Marks a request as ended, with or without a response. */
  close(entry: Entry, status: number | undefined): void {
    entry.status = status;
    this.#inFlight -= 1;
  }
}
