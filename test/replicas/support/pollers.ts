import { onTestFinished } from 'vitest';
import { steadyLoad } from '../../chaos/support/load.ts';
import { post } from '../../support/gateway.ts';
import { noteStatus, type GatewayProcess, type Told } from './processes.ts';

const EVERY_MS = 500;
const QUERY = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status code finishTime } }';

/** A job as a gateway shows it. */
export interface ShownJob {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly finishTime: string | null;
}

/** Clients that ask for all jobs, one on each gateway. */
export interface Pollers {
  /** How often they were answered. */
  readonly answers: () => number;
  /** What each gateway told of each job, without repeats. */
  readonly told: () => readonly { readonly id: string; readonly told: readonly Told[] }[];
  /** What they were not answered, but for what a gateway that is gone took with it. */
  readonly failures: readonly string[];
  /** Ends them. It resolves when the last was answered. */
  stop(): Promise<void>;
}

/** @throws {Error} when it is not answered, or with errors */
export async function readAll({ url }: GatewayProcess, ids: readonly string[]): Promise<ShownJob[]> {
  const { status, data, errors } = await post(url, { query: QUERY, variables: { ids } });
  if (status !== 200 || errors !== undefined)
    throw new RefusedError(`${String(status)} ${JSON.stringify(errors)}`);
  return data?.['packageJobsById'] as ShownJob[];
}

/** There was an answer. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * Has jobs polled until they are stopped, or the test has finished.
 *
 * @param gateways those that there are at any moment
 */
export function startPollers(gateways: readonly GatewayProcess[], ids: readonly string[]): Pollers {
  const failures: string[] = [];
  const told = new Map<string, { id: string; told: Told[] }>();
  const asked = new Set<GatewayProcess>();
  let answers = 0;
  const ask = async (gateway: GatewayProcess) => {
    if (asked.has(gateway)) return;
    asked.add(gateway);
    try {
      for (const { id, status } of await readAll(gateway, ids)) {
        const key = `${gateway.url} ${id}`;
        const history = told.get(key) ?? { id, told: [] };
        told.set(key, history);
        noteStatus(history.told, status);
      }
      answers += 1;
    } catch (error) {
      if (gateways.includes(gateway) || error instanceof RefusedError)
        failures.push(`${gateway.url}: ${String(error)} ${String((error as Error).cause)}`);
    } finally {
      asked.delete(gateway);
    }
  };
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const load = steadyLoad({ everyMs: EVERY_MS, signal: over.signal }, async () => {
    await Promise.all(gateways.map(ask));
  });
  return {
    answers: () => answers,
    told: () => [...told.values()],
    failures,
    async stop() {
      over.abort();
      await load;
    },
  };
}
