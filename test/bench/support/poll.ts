import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type Answer } from './client.ts';

/** A crowd of clients that ask the same at a steady pace. */
export interface Crowd {
  /** Spread evenly over the second, each on a connection of its own. */
  readonly clients: number;
  /** How often each client asks, once a second. */
  readonly times: number;
  readonly body: string;
  /** Whether an answer is complete. */
  readonly isComplete: (answer: Answer) => boolean;
}

/** What the crowd saw. */
export interface Polled {
  readonly answered: number;
  readonly incomplete: number;
  /** From the moment a request was due to its whole answer, in milliseconds. */
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
}

/** Lets a crowd ask. A client whose answer is late asks again as soon as it has come. */
export async function poll(url: string, { clients, times, body, isComplete }: Crowd): Promise<Polled> {
  const client = createClient(url);
  await client.connect(clients);
  const latenciesMs: number[] = [];
  let incomplete = 0;
  const startedAt = performance.now();

  async function pollFrom(offsetMs: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const dueAt = startedAt + offsetMs + time * 1000;
      await pause(Math.max(0, dueAt - performance.now()));
      const answer = await client.post(body);
      latenciesMs.push(performance.now() - dueAt);
      if (!isComplete(answer)) incomplete += 1;
    }
  }

  await Promise.all(Array.from({ length: clients }, (_, index) => pollFrom((index * 1000) / clients)));
  client.close();
  return { answered: latenciesMs.length, incomplete, latenciesMs, elapsedMs: performance.now() - startedAt };
}
