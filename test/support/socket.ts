import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

/** A message of graphql-transport-ws. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket on which the test says every word itself. */
export interface RawSocket {
  readonly socket: WebSocket;
  readonly messages: readonly Message[];
  readonly send: (message: Message) => void;
  /** Resolves to the first message, past ones among them, that `isWanted`. @throws when the socket closes before */
  readonly message: (isWanted: (message: Message) => boolean) => Promise<Message>;
  /** How the socket was closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export interface SocketOptions {
  readonly isSilent?: boolean;
  readonly headers?: Record<string, string>;
  /** The connection to use, in place of one of its own. */
  readonly transport?: Socket;
}

/** Connects, and says `connection_init` unless `isSilent`. Rejects with `Unexpected server response: 503` and such. */
export async function openSocket(
  url: string,
  { isSilent = false, headers = {}, transport }: SocketOptions = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers,
    ...(transport !== undefined && { createConnection: () => transport }),
  });
  const messages: Message[] = [];
  const watchers = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as Message);
    for (const watcher of watchers) watcher();
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => undefined);
  const raw: RawSocket = {
    socket,
    messages,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    message: (isWanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find(isWanted);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
        void closed.then(({ code, reason }) => reject(new Error(`closed by ${String(code)} ${reason}`)));
      }),
  };
  if (!isSilent) {
    raw.send({ type: 'connection_init' });
    await raw.message(({ type }) => type === 'connection_ack');
  }
  return raw;
}

const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status userData } }';

/** The message that subscribes to these jobs. */
export function subscribeTo(id: string, ids: readonly string[]): Message {
  return { id, type: 'subscribe', payload: { query: SUBSCRIPTION, variables: { ids } } };
}

/** An answer by server-sent events to a subscription to these jobs, as it comes. */
export async function openEventStream(url: string, ids: readonly string[]): Promise<EventStream> {
  const controller = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: SUBSCRIPTION, variables: { ids } }),
    signal: controller.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<boolean> => {
    const chunk = await reader?.read();
    text += chunk?.value ?? '';
    return chunk?.done === false;
  };
  return {
    status: response.status,
    async until(pattern) {
      while (!pattern.test(text))
        if (!(await next())) throw new Error(`ended without ${String(pattern)}: ${text}`);
    },
    async rest() {
      while (await next());
      return text;
    },
    async each(onText) {
      while (await next()) onText(text);
    },
    leave: () => controller.abort(),
  };
}

export interface EventStream {
  readonly status: number;
  /** Resolves when what has come so far has the pattern in it. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves to all that has come, once the server has ended it. */
  rest(): Promise<string>;
  /** Is called with all that has come so far, each time that more has. It resolves when the server has ended it. */
  each(onText: (text: string) => void): Promise<void>;
  leave(): void;
}
