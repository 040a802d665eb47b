import { openSocket, type RawSocket } from '../../../support/socket.ts';

/** What one operation came to. */
export interface Outcome {
  readonly isRefused: boolean;
  readonly status: number;
  /** `undefined`: a message of a WebSocket has none. */
  readonly headers: Headers | undefined;
  readonly error: Readonly<Record<string, unknown>> | undefined;
}

/** One client of a gateway behind a proxy. */
export interface Asker {
  readonly url: string;
  readonly address: string;
}

/** A way to ask for the fields of one finished job. */
export interface Way {
  readonly name: string;
  /** What each operation costs. */
  readonly cost: number;
  readonly open: (
    asker: Asker,
    id: string,
  ) => Promise<{ readonly ask: () => Promise<Outcome>; readonly close: () => void }>;
}

const QUERY = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';
const WAIT = 'query Job($id: ID!) { packageJob(id: $id, wait: { until: FINISHED }) { id status } }';
const BY_IDS = 'query Jobs($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';
const UPDATES = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';
const LEGACY = 'application/json';
const CURRENT = 'application/graphql-response+json';

const outcomeOf = async (response: Response): Promise<Outcome> => {
  const text = await response.text();
  const found = /"extensions":(\{[^{}]*\})/.exec(text.includes('"errors"') ? text : '');
  const error = found === null ? undefined : (JSON.parse(found[1] ?? '') as Record<string, unknown>);
  return {
    isRefused: error?.['code'] === 'RATE_LIMITED',
    status: response.status,
    headers: response.headers,
    error,
  };
};

function post(
  body: (id: string, count: number) => object | string,
  headers: Record<string, string> = {},
): Way['open'] {
  return ({ url, address }, id) => {
    let count = 0;
    const ask = async () => {
      count += 1;
      const content = body(id, count);
      return outcomeOf(
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': address, ...headers },
          body: typeof content === 'string' ? content : JSON.stringify(content),
        }),
      );
    };
    return Promise.resolve({ ask, close: () => undefined });
  };
}

function get(headers: Record<string, string> = {}, query = QUERY, ids = false): Way['open'] {
  return ({ url, address }, id) => {
    const target = new URL(`${url}/graphql`);
    target.searchParams.set('query', query);
    target.searchParams.set('variables', JSON.stringify(ids ? { ids: [id] } : { id }));
    const all = { 'apollo-require-preflight': '1', 'x-forwarded-for': address, ...headers };
    const ask = async () => outcomeOf(await fetch(target, { headers: all }));
    return Promise.resolve({ ask, close: () => undefined });
  };
}

/** Over one WebSocket. */
function socket(query: string, ids: boolean): Way['open'] {
  return async ({ url, address }, id) => {
    const raw: RawSocket = await openSocket(url, { headers: { 'x-forwarded-for': address } });
    let count = 0;
    const ask = async (): Promise<Outcome> => {
      count += 1;
      const name = String(count);
      raw.send({ id: name, type: 'subscribe', payload: { query, variables: ids ? { ids: [id] } : { id } } });
      const { type, payload } = await raw.message(
        (message) => message.id === name && (message.type === 'error' || message.type === 'complete'),
      );
      const error =
        type === 'error' ? (payload as { extensions: Record<string, unknown> }[])[0]?.extensions : undefined;
      return { isRefused: error?.['code'] === 'RATE_LIMITED', status: 200, headers: undefined, error };
    };
    return { ask, close: () => raw.socket.terminate() };
  };
}

const one = (query: string) => (id: string) => ({ query, variables: { id } });
const many = (query: string) => (id: string) => ({ query, variables: { ids: [id] } });
/** Such a request is executed each time. */
const EXECUTED = { 'x-upstream-receipt': '1' };
const EVENTS = { accept: 'text/event-stream' };
const PARTS = { accept: 'multipart/mixed;subscriptionSpec="1.0"' };

/** Every way to have an operation executed, or answered from memory. */
export const WAYS: readonly Way[] = [
  { name: 'by POST, executed', cost: 3, open: post(one(QUERY), EXECUTED) },
  {
    name: 'by POST as graphql-response+json, executed',
    cost: 3,
    open: post(one(QUERY), { ...EXECUTED, accept: CURRENT }),
  },
  { name: 'by GET, executed', cost: 3, open: get(EXECUTED) },
  { name: 'by POST, stored', cost: 1, open: post(one(QUERY), { accept: LEGACY }) },
  { name: 'by GET, stored', cost: 1, open: get({ accept: LEGACY }) },
  {
    name: 'by POST, prepared',
    cost: 1,
    // The response to another text is another one, so the prepared operation answers each.
    open: post((id, count) => `${JSON.stringify(many(BY_IDS)(id))}${' '.repeat(count)}`),
  },
  { name: 'with a wait', cost: 3, open: post(one(WAIT)) },
  { name: 'with `Prefer: wait`', cost: 3, open: post(one(QUERY), { prefer: 'wait=5' }) },
  { name: 'a query by server-sent events', cost: 3, open: post(one(QUERY), { ...EVENTS, ...EXECUTED }) },
  { name: 'a subscription by server-sent events', cost: 3, open: post(many(UPDATES), EVENTS) },
  { name: 'a subscription by GET, as EventSource asks', cost: 3, open: get(EVENTS, UPDATES, true) },
  { name: 'a subscription in parts', cost: 3, open: post(many(UPDATES), PARTS) },
  { name: 'a query over WebSocket', cost: 3, open: socket(QUERY, false) },
  { name: 'a subscription over WebSocket', cost: 3, open: socket(UPDATES, true) },
];
