import type { RawResponse } from './http.ts';

/** What an attacker was answered. */
export interface Tally {
  sent: number;
  answers: number;
  /** How often each error code came. */
  readonly codes: Map<string, number>;
  /** How often each HTTP status came. */
  readonly statuses: Map<number, number>;
  /** How often connections were closed or refused, by the code of a WebSocket or by what the system said. */
  readonly closes: Map<string, number>;
  /** The first answers of each kind that no client can act on: errors without a code, faults of the gateway. */
  readonly faults: string[];
  readonly note: (response: RawResponse) => void;
  readonly close: (reason: string) => void;
}

/** The most faults that are kept. */
const MAX_FAULTS = 5;

export function createTally(): Tally {
  const tally: Tally = {
    sent: 0,
    answers: 0,
    codes: new Map(),
    statuses: new Map(),
    closes: new Map(),
    faults: [],
    note({ status, head, body }) {
      tally.answers += 1;
      add(tally.statuses, status);
      for (const [, code = ''] of body.matchAll(/"code":"([A-Z_]+)"/g)) add(tally.codes, code);
      const isFault =
        (status >= 500 && !body.includes('"OVERLOADED"') && !isUnknownCoding(status, body)) ||
        body.includes('INTERNAL_SERVER_ERROR') ||
        // graphql-js says no more when it has found a hundred mistakes.
        body.includes('"Validation aborted.') ||
        (/"(message|errors)":/.test(body) && !body.includes('"code":"')) ||
        status === 0;
      if (isFault && tally.faults.length < MAX_FAULTS) tally.faults.push(`${head}${body}`.slice(0, 500));
    },
    close: (reason) => add(tally.closes, reason),
  };
  return tally;
}

/** Whether a request was refused whose body has a transfer coding that nobody knows, as RFC 9112, section 6.1, says. */
export function isUnknownCoding(status: number, body: string): boolean {
  return status === 501 && body.includes('Transfer-Encoding');
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The tally in one line, for a report. */
export function describeTally({ sent, answers, codes, statuses, closes }: Tally): string {
  const counts = [codes, statuses, closes].map((map) => JSON.stringify(Object.fromEntries(map)));
  return `${String(sent)} sent, ${String(answers)} answered, ${counts.join(' ')}`;
}
