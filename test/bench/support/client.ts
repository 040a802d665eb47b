import { Agent, request } from 'node:http';

/** An answer to an operation. */
export interface Answer {
  readonly status: number;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly unknown[];
}

/** Posts operations over connections that stay open. */
export interface Client {
  post(body: string): Promise<Answer>;
  /** Opens this many connections, so that the requests after it need not. */
  connect(count: number): Promise<void>;
  close(): void;
}

export function createClient(url: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity });

  function send(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${url}${path}`, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
    return promise;
  }

  return {
    async post(body) {
      const { status, text } = await send('POST', '/graphql', body);
      return { ...(JSON.parse(text) as Omit<Answer, 'status'>), status };
    },
    async connect(count) {
      await Promise.all(Array.from({ length: count }, () => send('GET', '/livez', '')));
    },
    close: () => agent.destroy(),
  };
}
