import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BystanderOptions, Samples } from './bystander-worker.ts';
import { openRaw, requestBytes } from './http.ts';
import type { Target } from './target.ts';

export type { Samples } from './bystander-worker.ts';

/** Somebody else than the attacker. */
export const BYSTANDER = '127.0.0.2';

/** A small request of no job. */
const SMALL = JSON.stringify({ query: '{ __typename }' });

export interface Bystander {
  /** Begins to ask at a steady pace. */
  start(options?: Partial<BystanderOptions>): void;
  /** Stops to ask, and resolves to what it saw once all is answered. */
  stop(): Promise<Samples>;
  close(): Promise<void>;
}

/** A client at another address, in a thread of its own. */
export async function createBystander({ port, pid }: Pick<Target, 'port' | 'pid'>): Promise<Bystander> {
  const worker = new Worker(new URL('./bystander-worker.ts', import.meta.url));
  const bystander: Bystander = {
    start(options = {}) {
      worker.postMessage({ port, pid, from: BYSTANDER, everyMs: 10, bodies: [SMALL], ...options }, []);
    },
    async stop() {
      worker.postMessage(null, []);
      const [samples] = (await once(worker, 'message')) as [Samples];
      return samples;
    },
    async close() {
      await worker.terminate();
    },
  };
  // It opens all its connections.
  bystander.start({ everyMs: 0 });
  await bystander.stop();
  return bystander;
}

const JSON_BODY = { 'content-type': 'application/json' };
const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id } }';

/** What a live feature says to the bystander in place of what it should. An empty list: all work. */
export async function brokenLiveFeatures({ port, jobs }: Pick<Target, 'port' | 'jobs'>): Promise<string[]> {
  const id = jobs.running.at(-1) ?? '';
  const broken = await Promise.all([
    live(port, JSON_BODY, { query: `{ packageJob(id: "${id}", wait: { timeoutSeconds: 1 }) { id } }` }),
    live(
      port,
      { ...JSON_BODY, accept: 'text/event-stream' },
      { query: SUBSCRIPTION, variables: { ids: [id] } },
    ),
  ]);
  return broken.flatMap((answer) => (answer.includes(`"id":"${id}"`) ? [] : [answer.slice(0, 300)]));
}

/** The first part of an answer that has data or an error. */
async function live(port: number, headers: Readonly<Record<string, string>>, body: object): Promise<string> {
  const first = Promise.withResolvers<string>();
  const connection = await openRaw({
    port,
    from: BYSTANDER,
    onResponse: ({ status, body }) => first.resolve(`${String(status)} ${body}`),
    onChunk: (text) => text.includes('"data"') && first.resolve(text),
  });
  const timer = setTimeout(() => first.resolve('no answer in 10 s'), 10_000);
  void connection.closed.then(() => first.resolve('closed'));
  await connection.send(requestBytes('POST', '/graphql', headers, JSON.stringify(body)));
  const answer = await first.promise;
  clearTimeout(timer);
  connection.socket.destroy();
  return answer;
}
