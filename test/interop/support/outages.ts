import { expect, vi } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startLine, type Line, type LineOptions } from '../../support/line.ts';
import type { Followers, Seen } from './followers.ts';

/** A gateway that can stop and start again at its address. */
export type Gateway = Pick<TestGateway, 'url' | 'emulator' | 'restart' | 'close'>;

/** What happens between clients and the gateway. */
export interface Outage {
  /** Starts the gateway. @default in this process */
  readonly start?: (env: Readonly<Record<string, string>>) => Promise<Gateway>;
  readonly line?: LineOptions;
  /** Begins, calls back while it lasts, and ends. */
  readonly happen: (line: Line, gateway: Gateway, meanwhile: () => void) => Promise<void>;
  /** Whether each client has to tell its app that what it shows may be old. */
  readonly isTold: boolean;
}

/**
 * Has each client follow a job of its own from its beginning. The jobs end during the outage. Resolves once each client
 * shows the end of its job, or an error.
 */
export async function goThrough(
  { start = startHere, line: options, happen }: Outage,
  { follow, manifest }: Followers,
) {
  const env = { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100', PERSISTED_OPERATIONS: manifest };
  const gateway = await start(env);
  const line = await startLine(gateway.url, options);
  const { jobs } = gateway.emulator;
  const followed = Object.entries(follow).map(([name, follow]): [string, string, Seen] => {
    const id = jobs.add({ finishTime: Infinity });
    return [name, id, follow(`${line.url}/graphql`, id)];
  });
  try {
    // Plain fetch is told nothing before the end. Its request waits, once its job has been read.
    const live = followed.filter(([name]) => name !== 'fetch').map(([, , seen]) => seen);
    await vi.waitFor(() => expect(live.map(({ states }) => states.at(-1))).toEqual(live.map(() => 'INIT')), {
      timeout: 40_000,
    });
    await happen(line, gateway, () => {
      for (const [, id] of followed) jobs.finish(id, { status: 'Success' });
    });
    const ends = await Promise.all(
      followed.map(([, , seen]) => seen.end.catch((error: unknown) => String(error))),
    );
    return Object.fromEntries(
      followed.map(([name, , { wasLost }], index) => [name, { status: ends[index], wasLost }]),
    );
  } finally {
    await line.close();
    await gateway.close();
  }
}

const startHere = (env: Readonly<Record<string, string>>) => startGateway({ env });

/** What must come of an outage for each client. */
export function truthOf({ isTold }: Outage, { follow }: Followers): object {
  const outcome = { status: 'SUCCESS', wasLost: isTold ? true : expect.any(Boolean) };
  return Object.fromEntries(Object.keys(follow).map((name) => [name, outcome]));
}
