import { openSocket } from '../../../support/socket.ts';
import type { Shown } from './showing.ts';

/** A request, and what came of it. Times are milliseconds since 1970. */
export interface Answer {
  readonly askedAt: number;
  readonly gotAt: number;
  readonly body: {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly errors?: readonly {
      readonly path?: readonly (string | number)[];
      readonly extensions: { readonly code: string };
    }[];
    readonly extensions?: { readonly upstream?: { readonly stale: number } };
  };
  /** Whether the receipt in the headers says that some state was served as ICE failed. */
  readonly isStale: boolean;
}

type Body = Answer['body'];

/** Posts an operation. */
export function ask(
  url: string,
  query: string,
  variables: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return fetchAnswer(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-upstream-receipt': '1', ...headers },
    body: JSON.stringify({ query, variables }),
  });
}

/** Asks so that the gateway may answer from what it has stored. */
export function get(url: string, query: string, variables: object): Promise<Answer> {
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  return fetchAnswer(`${url}/graphql?${search.toString()}`, {
    headers: { 'content-type': 'application/json' },
  });
}

async function fetchAnswer(url: string, init: RequestInit): Promise<Answer> {
  const askedAt = Date.now();
  const response = await fetch(url, init);
  const body = (await response.json()) as Body;
  const isStale = response.headers.get('server-timing')?.includes('stale;') === true;
  return { askedAt, gotAt: Date.now(), body, isStale };
}

/** Subscribes to jobs until the signal aborts. Resolves to whether the subscription completed. */
export function subscribe(
  url: string,
  isSocket: boolean,
  query: string,
  variables: object,
  stop: AbortSignal,
  onResult: (body: Body) => void,
): Promise<boolean> {
  const payload = { query, variables };
  return isSocket ? bySocket(url, payload, stop, onResult) : byStream(url, payload, stop, onResult);
}

async function bySocket(
  url: string,
  payload: object,
  stop: AbortSignal,
  onResult: (body: Body) => void,
): Promise<boolean> {
  const { socket, send, message } = await openSocket(url);
  socket.on('message', (data: Buffer) => {
    const { type, payload: body } = JSON.parse(data.toString()) as { type: string; payload?: Body };
    if (type === 'next' && body) onResult(body);
  });
  send({ id: '1', type: 'subscribe', payload });
  const ended = message(({ type }) => type === 'complete').then(
    () => true,
    () => false,
  );
  if (stop.aborted) socket.terminate();
  stop.addEventListener('abort', () => socket.terminate(), { once: true });
  const isComplete = await ended;
  socket.terminate();
  return isComplete;
}

async function byStream(
  url: string,
  payload: object,
  stop: AbortSignal,
  onResult: (body: Body) => void,
): Promise<boolean> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(payload),
      signal: stop,
    });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^event: next\ndata: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) onResult(JSON.parse(data) as Body);
        if (event.startsWith('event: complete')) return true;
      }
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  return false;
}

/** All jobs in an answer, with what was selected of them. */
export function shownIn(value: unknown): Shown[] {
  if (Array.isArray(value)) return value.flatMap(shownIn);
  if (typeof value !== 'object' || value === null) return [];
  return 'status' in value && 'id' in value ? [value as Shown] : Object.values(value).flatMap(shownIn);
}

/** The jobs that were asked for by their ids. One that is not there, and has no error, is shown as `null`. */
export function shownById({ body }: Answer, ids: readonly string[]): Shown[] {
  const [field] = Object.entries(body.data ?? {});
  if (field === undefined) return [];
  const [name, value] = field;
  const failed = new Set((body.errors ?? []).map(({ path }) => String(path?.slice(0, 2))));
  const places = Array.isArray(value) ? (value as (Shown | null)[]) : [value as Shown | null];
  return places.flatMap((job, index) => {
    if (job !== null) return job;
    const isFailed = failed.has(name) || failed.has(`${name},${String(index)}`);
    return isFailed ? [] : { id: ids[index] ?? '', status: null };
  });
}
