import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createIceClient } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { createJobs, EVERY_JOB, type IsVisible } from '../../src/jobs/jobs.ts';
import { createPlanner } from '../../src/jobs/source/planner.ts';
import { startJobs } from '../../src/jobs/start-jobs.ts';
import type { AppOptions } from '../../src/server/app.ts';
import type { ServerEmitter } from '../../src/server/events.ts';
import { createEvents } from './events.ts';
import { NO_LIMITS } from './limits.ts';
import { createServerOf } from './server.ts';

/** The address of a client that may not see every job. */
export const RESTRICTED = '127.0.0.2';

const isNotHidden: IsVisible = ({ userData }) => userData !== 'hidden';

export interface Server {
  readonly emulator: Emulator;
  readonly url: string;
  readonly events: ServerEmitter;
  /** How many requests were answered from memory. */
  inMemory(): number;
  close(): Promise<void>;
}

/** A whole server. Its jobs with the user data `hidden` are hidden from the client at {@link RESTRICTED}. */
export async function startServer(now: () => number, options: Partial<AppOptions> = {}): Promise<Server> {
  const emulator = await startEmulator({ now, limits: NO_LIMITS });
  const config = readConfig({ MISSING_JOB_MAX_AGE_MS: '5000' });
  const events = createEvents();
  let inMemory = 0;
  events.server.on('requestEnd', (_start, { source }) => (inMemory += Number(source !== 'executed')));
  const ice = createIceClient({
    endpoint: new URL(emulator.endpoint),
    credentials: staticCredentials(emulator.credentials),
    timeoutMs: config.attemptTimeoutMs,
    callsPerSecond: 10_000,
    maxConcurrency: config.maxConcurrency,
    events: events.ice,
    now: () => new Date(now()),
  });
  const access = startJobs({
    ice,
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn: true, now, events: events.jobs }),
    freshness: config.freshness,
    pollInterval: config.pollInterval,
    watchShare: config.watchShare,
    maxJobs: config.maxJobs,
    readTimeoutMs: config.operationTimeoutMs,
    allowSubmit: false,
    events: events.jobs,
    now,
  });
  const app = await createServerOf({
    // A door is made anew for each request, as a rule may come with its client.
    jobsFor: ({ key }) => createJobs(access, key === RESTRICTED ? isNotHidden : EVERY_JOB),
    logger: pino({ level: 'silent' }),
    config,
    app: { now, events: events.server, ...options },
  });
  // Each address of loopback is another client.
  await app.listen({ host: '0.0.0.0', port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    emulator,
    events: events.server,
    url: `http://127.0.0.1:${String(address.port)}`,
    inMemory: () => inMemory,
    async close() {
      await app.close();
      ice.close();
      await emulator.close();
    },
  };
}
