import type { Random } from './random.ts';

/** What a run varies. Times are milliseconds. */
export interface Settings {
  readonly name: string;
  readonly lagMs: number;
  readonly isListBatchingOn: boolean;
  readonly maxAgeMs: number;
  readonly staleIfErrorMs: number;
  readonly requestTimeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Different gateways and different kinds of ICE. The numbers in each come from the seed. */
export function settingsFor(random: Random): Settings[] {
  const maxAgeMs = () => random.pick([200, 500, 1000, 3000]);
  return [
    settings('as it comes', { isListBatchingOn: true, maxAgeMs: 1000 }),
    settings('lists lag, small cache', { lagMs: 3000, maxAgeMs: maxAgeMs() }, { CACHE_MAX_JOBS: '100' }),
    settings(
      'outages outlast stale states',
      { maxAgeMs: maxAgeMs(), staleIfErrorMs: 1000 },
      { ANSWERS_MAX_MB: '0' },
    ),
    settings(
      'lists lag and are used',
      { lagMs: random.integer(500, 3000), isListBatchingOn: true, maxAgeMs: maxAgeMs() },
      { JIT: 'off' },
    ),
  ];
}

function settings(
  name: string,
  given: Partial<Omit<Settings, 'name' | 'env'>>,
  env: Settings['env'] = {},
): Settings {
  const all = {
    lagMs: 0,
    isListBatchingOn: false,
    maxAgeMs: 1000,
    staleIfErrorMs: 60_000,
    requestTimeoutMs: 4000,
    ...given,
  };
  return {
    name,
    ...all,
    env: {
      JOB_MAX_AGE_MS: String(all.maxAgeMs),
      STALE_IF_ERROR_S: String(all.staleIfErrorMs / 1000),
      REQUEST_TIMEOUT_MS: String(all.requestTimeoutMs),
      ICE_TIMEOUT_MS: '1500',
      ICE_LIST_BATCHING: all.isListBatchingOn ? 'on' : 'off',
      ...env,
    },
  };
}
