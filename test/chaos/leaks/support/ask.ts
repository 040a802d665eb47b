import { openSocket, type RawSocket } from '../../../support/socket.ts';
import type { World } from './world.ts';

/** What a client got, as far as it tells of jobs. */
export interface Answer {
  readonly status: number;
  /** What `If-None-Match` can name it by. */
  readonly etag: string | undefined;
  /** All that was sent: headers, and the body or the messages. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly {
    readonly path?: readonly unknown[];
    readonly extensions: { readonly code: string };
  }[];
}

export type Transport = 'post' | 'get' | 'socket' | 'events' | 'multipart';

export interface Operation {
  /** Absent where a hash stands for it. */
  readonly query?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

type Result = Pick<Answer, 'data' | 'errors'>;

/** Asks by one transport, and gives the first result. */
export async function ask(
  world: World,
  authorization: string | undefined,
  transport: Transport,
  operation: Operation,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  if (transport === 'socket') return askBySocket(world, authorization, operation);
  const url = new URL(`${world.gateway.url}/graphql`);
  const accept = {
    post: 'application/json',
    get: 'application/json',
    events: 'text/event-stream',
    multipart: 'multipart/mixed;subscriptionSpec="1.0"',
  };
  const init: RequestInit = {
    method: transport === 'get' ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      accept: accept[transport],
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
  };
  if (transport === 'get') {
    for (const [name, value] of Object.entries(operation))
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  } else init.body = JSON.stringify(operation);
  const response = await fetch(url, init);
  const body = await response.text();
  const text = `${JSON.stringify([...response.headers])}\n${body}`;
  const { data = null, errors = [] } = firstResult(body);
  const etag = response.headers.get('etag') ?? undefined;
  return { status: response.status, etag, text, data, errors };
}

/** The first result in a body: of JSON, of server-sent events, or of parts. */
function firstResult(body: string): Partial<Result> {
  if (body === '') return {};
  const line = body.split(/\r?\n/).find((text) => /^(?:data: )?\{.*(?:"data"|"errors")/.test(text)) ?? '{}';
  const found = JSON.parse(line.replace(/^data: /, '')) as Partial<Result> & { payload?: Partial<Result> };
  return found.payload ?? found;
}

async function askBySocket(
  { gateway }: World,
  authorization: string | undefined,
  operation: Operation,
): Promise<Answer> {
  const socket: RawSocket = await openSocket(gateway.url, { isSilent: true });
  try {
    socket.send({ type: 'connection_init', payload: { authorization } });
    await socket.message(({ type }) => type === 'connection_ack');
    socket.send({ id: '1', type: 'subscribe', payload: { query: '', ...operation } });
    const { type, payload } = await socket.message((message) => message.id === '1');
    const result: Partial<Result> =
      type === 'error' ? { errors: payload as Result['errors'] } : (payload ?? {});
    const { data = null, errors = [] } = result;
    return { status: 200, etag: undefined, text: JSON.stringify(socket.messages), data, errors };
  } catch {
    const { code, reason } = await socket.closed;
    const errors = [{ extensions: { code: code === 4403 ? 'UNAUTHENTICATED' : String(code) } }];
    return { status: code, etag: undefined, text: reason, data: null, errors };
  } finally {
    socket.socket.terminate();
  }
}
