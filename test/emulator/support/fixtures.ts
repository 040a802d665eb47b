import { startEmulator } from '../../../src/emulator/server.ts';
import type { Emulator, IceAction } from '../../../src/emulator/server.ts';
import { exchange, signV1Request, signV3Request } from './client.ts';
import type { HttpReply, SignOptions } from './client.ts';

/** The emulator's time, in milliseconds since the epoch. A test assigns `now` to move it. */
export interface TestClock {
  now: number;
}

export type Call = (
  action: IceAction | (string & {}),
  params?: Readonly<Record<string, string>>,
  options?: Partial<SignOptions> & { readonly scheme?: 'V1' | 'V3' },
) => Promise<HttpReply>;

export interface EmulatorFixtures {
  clock: TestClock;
  /** An emulator without jobs and without call limits, on a free port. */
  emulator: Emulator;
  /** Signs with the emulator's static key and the emulator's time. The scheme is V3 by default. */
  call: Call;
}

type Use<Value> = (value: Value) => Promise<void>;

/** For `test.extend`. Each file calls it itself, because lint only recognizes a test that is made in the same file. */
export const fixtures = {
  // oxlint-disable-next-line no-empty-pattern -- the runner reads the parameter's pattern
  clock: async ({}, use: Use<TestClock>) => use({ now: Date.UTC(2026, 10, 22, 20, 23, 49) }),
  emulator: async ({ clock }: Pick<EmulatorFixtures, 'clock'>, use: Use<Emulator>) => {
    const limits = { GetPackageJob: Infinity, ListPackageJobs: Infinity, SubmitPackageJob: Infinity };
    const emulator = await startEmulator({ now: () => clock.now, limits });
    await use(emulator);
    await emulator.close();
  },
  call: async ({ clock, emulator }: Omit<EmulatorFixtures, 'call'>, use: Use<Call>) =>
    use((action, params = {}, { scheme = 'V3', ...options } = {}) => {
      const sign = scheme === 'V3' ? signV3Request : signV1Request;
      const defaults = { endpoint: emulator.endpoint, credentials: emulator.credentials, at: clock.now };
      return exchange(emulator.endpoint, sign(action, params, { ...defaults, ...options }));
    }),
};
