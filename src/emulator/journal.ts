import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ApiRequest } from './request.ts';

/** One API request as it was received; written to until it is answered. */
export interface ReceivedRequest {
  /** As the request spells it, known action or not; undefined until the body is read. */
  readonly action: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Query and form parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** When its headers were read, by the emulator's clock, in milliseconds since the epoch. */
  readonly at: number;
  /** Undefined as long as no status line was sent. */
  readonly status: number | undefined;
  readonly requestId: string;
}

type Entry = { -readonly [Key in keyof ReceivedRequest]: ReceivedRequest[Key] };

/** How many requests are kept at least; counts go on beyond. */
const capacity = 100_000;
/** How many more are let in before the oldest go, all at once: moving the whole list each time is slow. */
const slack = 10_000;

/** What reached the API's socket, refused and broken requests included. */
export class Journal {
  #entries: Entry[] = [];
  #total = 0;
  #byAction = new Map<string, number>();
  #underWay = 0;
  #maxConcurrency = 0;

  /** At least the last 100,000 requests, oldest first. */
  get requests(): readonly ReceivedRequest[] {
    return this.#entries;
  }

  get maxConcurrency(): number {
    return this.#maxConcurrency;
  }

  get countsByAction(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byAction);
  }

  count(action?: string): number {
    return action === undefined ? this.#total : (this.#byAction.get(action) ?? 0);
  }

  /** Forgets what was received; requests under way still count as such. */
  reset(): void {
    this.#entries = [];
    this.#total = 0;
    this.#byAction = new Map();
    this.#maxConcurrency = this.#underWay;
  }

  /** Notes a request whose headers have arrived. */
  open(incoming: IncomingMessage, requestId: string, at: number): Entry {
    const { method = 'GET', url = '/', headers } = incoming;
    const entry = { action: undefined, method, url, headers, params: {}, at, status: undefined, requestId };
    if (this.#entries.length === capacity + slack) this.#entries.splice(0, slack);
    this.#entries.push(entry);
    this.#total += 1;
    this.#underWay += 1;
    this.#maxConcurrency = Math.max(this.#maxConcurrency, this.#underWay);
    return entry;
  }

  /** Adds what only the body told. */
  describe(entry: Entry, { action, parameters }: ApiRequest): void {
    entry.action = action;
    entry.params = Object.fromEntries(parameters);
    if (action !== undefined) this.#byAction.set(action, this.count(action) + 1);
  }

  /** Notes that a request is over, answered or not. */
  close(entry: Entry, status: number | undefined): void {
    entry.status = status;
    this.#underWay -= 1;
  }
}
