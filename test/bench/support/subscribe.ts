import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';

/** What a subscriber is told: the id and the status of a job, at a time of `performance.now()`. */
export type Told = (event: { readonly id: string; readonly status: string }, at: number) => void;

const QUERY = `subscription Live($ids: [ID!]!) {
  packageJobUpdated(ids: $ids) { id name status isFinished code message finishTime observedAt }
}`;

interface Payload {
  readonly data: { readonly packageJobUpdated: { readonly id: string; readonly status: string } };
}

/** Opens a WebSocket and subscribes to each of these jobs by an operation of its own. */
export function subscribeByWebSocket(url: string, ids: readonly string[], told: Told): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.once('open', () => send({ type: 'connection_init' }));
  socket.once('error', reject);
  socket.on('message', (data: Buffer) => {
    const at = performance.now();
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: Payload };
    if (type === 'next') told(payload.data.packageJobUpdated, at);
    if (type === 'error') reject(new Error(JSON.stringify(payload)));
    if (type !== 'connection_ack') return;
    for (const [index, id] of ids.entries())
      send({ id: String(index), type: 'subscribe', payload: { query: QUERY, variables: { ids: [id] } } });
    resolve(socket);
  });
  return promise;
}

const agent = new Agent({ maxSockets: Infinity });

/** Subscribes to these jobs by one answer of server-sent events, and gives what ends it. */
export function subscribeByEventStream(url: string, ids: readonly string[], told: Told): Promise<() => void> {
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const outgoing = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const at = performance.now();
      const messages = (text + chunk).split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const [, data] = /^event: next\ndata: (.*)$/.exec(message) ?? [];
        if (data !== undefined) told((JSON.parse(data) as Payload).data.packageJobUpdated, at);
      }
    });
    resolve(() => outgoing.destroy());
  });
  outgoing.once('error', reject);
  outgoing.end(JSON.stringify({ query: QUERY, variables: { ids } }));
  return promise;
}
