/** Runs in a thread of its own, so that what the attacker computes delays none of its timers. */

import { Agent, request } from 'node:http';
import { parentPort } from 'node:worker_threads';
import { openOwnClock, openThreadClock } from './thread-time.ts';

/** What the bystander asks for, and how. */
export interface BystanderOptions {
  readonly port: number;
  readonly from: string;
  /** The process of the gateway. */
  readonly pid: number;
  /** Milliseconds from one request to the next. 0: as many as may be in flight, at once and once. */
  readonly everyMs: number;
  /** Bodies of the requests, in turn. They begin anew after the last. */
  readonly bodies: readonly string[];
  /** Headers besides the usual ones. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one measurement saw. */
export interface Samples {
  /** How long each request took, in milliseconds. */
  readonly elapsedMs: readonly number[];
  /**
   * The same without the time for which the gateway's main thread was ready to run, or the bystander's if that is longer, and the
   * machine ran something else, such as the attacker. It is the elapsed time where the system does not tell.
   */
  readonly unhinderedMs: readonly number[];
  /**
   * For how long the gateway's main thread ran meanwhile, which no other program changes much. It is all that a request waits for in
   * the gateway which needs nothing of ICE. It is the elapsed time where the system does not tell.
   */
  readonly ranMs: readonly number[];
  /** What was wrong with those that failed. */
  readonly failures: readonly string[];
}

/** The most requests in flight. A start that would exceed them is left out. */
const MAX_IN_FLIGHT = 16;

/** Its connections stay open from one measurement to the next. A loop of the gateway accepts only one new connection. */
const agents = new Map<string, Agent>();

function measure({ port, from, pid, everyMs, bodies, headers }: BystanderOptions): () => Promise<Samples> {
  const agent =
    agents.get(from) ??
    new Agent({
      keepAlive: true,
      maxSockets: MAX_IN_FLIGHT,
      maxFreeSockets: MAX_IN_FLIGHT,
      localAddress: from,
    });
  agents.set(from, agent);
  const elapsedMs: number[] = [];
  const unhinderedMs: number[] = [];
  const ranMs: number[] = [];
  const clocks = [openThreadClock(pid), openOwnClock()];
  const failures: string[] = [];
  const inFlight = new Set<Promise<void>>();
  let index = 0;

  function ask(body: string): Promise<void> {
    const startedAt = performance.now();
    const begun = clocks.map((clock) => clock.read());
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (failure?: string) => {
      const tookMs = performance.now() - startedAt;
      elapsedMs.push(tookMs);
      const meanwhile = clocks.map((clock, thread) => {
        const [from, to] = [begun[thread], clock.read()];
        return { ranMs: to.ranMs - (from?.ranMs ?? 0), waitedMs: to.waitedMs - (from?.waitedMs ?? 0) };
      });
      unhinderedMs.push(Math.max(0, tookMs - Math.max(...meanwhile.map(({ waitedMs }) => waitedMs))));
      ranMs.push(clocks[0]?.isTold === true ? (meanwhile[0]?.ranMs ?? 0) : tookMs);
      if (failure !== undefined) failures.push(failure);
      resolve();
    };
    request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path: '/graphql',
        method: 'POST',
        headers: { ...HEADERS, ...headers },
      },
      (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => (text += chunk))
          .once('error', (error) => end(error.message))
          .once('end', () => {
            const isFine = response.statusCode === 200 && !text.includes('"errors"');
            end(isFine ? undefined : `${String(response.statusCode)} ${text.slice(0, 300)}`);
          });
      },
    )
      .once('error', (error) => end(error.message))
      .end(body);
    return promise;
  }

  function start(): void {
    const body = bodies[index % bodies.length];
    if (inFlight.size >= MAX_IN_FLIGHT || body === undefined) return;
    index += 1;
    const asked = ask(body).finally(() => inFlight.delete(asked));
    inFlight.add(asked);
  }

  if (everyMs === 0) for (let count = 0; count < MAX_IN_FLIGHT; count += 1) start();
  const timer = everyMs === 0 ? undefined : setInterval(start, everyMs);

  return async () => {
    clearInterval(timer);
    await Promise.all(inFlight);
    for (const clock of clocks) clock.close();
    return { elapsedMs, unhinderedMs, ranMs, failures };
  };
}

/** A request with this header is not answered by the response cache. */
const HEADERS = { 'content-type': 'application/json', 'x-upstream-receipt': '1' };

let stop: (() => Promise<Samples>) | undefined;

parentPort?.on('message', (options: BystanderOptions | null) => {
  if (options !== null) stop = measure(options);
  else void stop?.().then((samples) => parentPort?.postMessage(samples, []));
});
