import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const CORES = availableParallelism();

// Without this each process of a run, and each gateway in a process of its own, would compile the same packages.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

/** Suites whose assertions are about milliseconds: short deadlines, pauses, calls within them. */
const TIMED = [
  'test/chaos/faults.test.ts',
  'test/ice/**/*.test.ts',
  'test/resolvers/**/*.test.ts',
  'test/server/graphql/turns.test.ts',
  'test/server/graphql/waits.test.ts',
];

/** Suites that measure what a process holds, by name. Each has one of its own. */
const OWN_PROCESS = 'test/**/*{heap,memory,retained}*.test.ts';

/** Suites that measure what an attacker costs others. Their gateways, in processes of their own, need the cores. */
export const ABUSE = 'test/chaos/abuse/**/*.test.ts';

/** Suites that run again with a gateway that caches and compiles nothing. */
const PLAIN = ['chaos', 'conformance', 'interop', 'resolvers', 'server'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

/** Suites among those that show nothing new in a second run. */
export const SAME_WHEN_PLAIN = [
  // They ask each gateway once, before anything is cached or compiled.
  'test/chaos/faults.test.ts',
  'test/chaos/other-shapes.test.ts',
  // They vary what is cached and compiled.
  'test/chaos/truth/**',
  // They start programs with an environment of their own.
  'test/chaos/abuse/**',
  'test/chaos/drain.test.ts',
  // They are about a program beside the gateway.
  'test/deploy/**',
  // Subscriptions are neither cached nor compiled.
  'test/chaos/live.test.ts',
  'test/chaos/streams.test.ts',
  'test/interop/token-expiry.test.ts',
  'test/server/graphql/first-events.test.ts',
  'test/server/transports/account-updates.test.ts',
  // They are decided before anything is looked up.
  'test/chaos/client-bounds.test.ts',
  'test/chaos/lanes.test.ts',
  'test/server/auth/issuer-keys*.test.ts',
  'test/server/auth/unknown-keys.slow.test.ts',
  // They vary what is cached by themselves.
  'test/server/http/checks.test.ts',
  // They are about what caches and subscriptions retain.
  OWN_PROCESS,
  // They are about documents and types.
  'test/interop/guides/**',
  'test/interop/types.test.ts',
  // They are about what the second run leaves out.
  'test/server/rate-limit/**',
  'test/server/response-cache/**',
];

/** Suites that measure what one client can do to others. `npm run test:abuse` runs them. */
export const MEASURED = 'test/**/*.abuse.test.ts';

/** Suites that need minutes of real time. `npm run test:slow` runs them. */
export const SLOW = 'test/**/*.slow.test.ts';

/** Suites that build the image, install anew and try a release. `npm run test:delivery` runs them. */
export const DELIVERY = 'test/**/*.delivery.test.ts';

/** Suites that `npm test` leaves out. */
const APART = [SLOW, MEASURED, DELIVERY];

export const PLAIN_ENV = { PLAIN_GATEWAY: 'true' };

/** The options of all suites. `results` is the name of the report for CI. */
export function options(results: string) {
  return {
    // As Node resolves and imports packages, so that what passes here also runs there, with one copy of graphql.
    resolve: { extensions: ['.js', '.mjs', '.json'] },
    test: {
      deps: { interopDefault: false },
      // Machines that are shared have been seen to be three times as slow as others.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // The longest files begin first, as far as the last run tells. Else the largest do.
      sequence: { shuffle: { files: false, tests: true } },
      // Busy machines take longer than the one second that is vitest's default. What never comes fails all the same.
      expect: { poll: { timeout: 20_000 } },
      reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
      outputFile: { json: `test/artifacts/${results}.json` },
    },
  };
}

/**
 * Most suites wait more than they compute, so there are more workers than cores. One suite after the other runs in a
 * process, as to load the gateway takes longer than most suites do.
 */
const WAITING = { isolate: false, maxWorkers: 3 * CORES, sequence: { groupOrder: 0 } };
/** Suites that measure time run after the others, with a core for each. */
const TIMED_LATER = { isolate: false, maxWorkers: CORES, sequence: { groupOrder: 1 } };
const ALONE_LAST = { maxWorkers: 1, sequence: { groupOrder: 2 } };

const shared = options('results');

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      {
        extends: true,
        test: {
          name: 'default',
          ...WAITING,
          include: ['test/**/*.test.ts'],
          exclude: [...TIMED, ...APART, ABUSE, OWN_PROCESS],
        },
      },
      {
        extends: true,
        test: { name: 'own-process', ...WAITING, isolate: true, include: [OWN_PROCESS], exclude: APART },
      },
      { extends: true, test: { name: 'timed', ...TIMED_LATER, include: TIMED, exclude: APART } },
      { extends: true, test: { name: 'abuse', ...ALONE_LAST, include: [ABUSE], exclude: APART } },
      {
        // The same rules hold when nothing is cached and nothing is compiled.
        extends: true,
        test: {
          name: 'plain',
          ...WAITING,
          include: PLAIN,
          exclude: [...TIMED, ...APART, ABUSE, ...SAME_WHEN_PLAIN],
          env: PLAIN_ENV,
        },
      },
      {
        extends: true,
        test: {
          name: 'plain-timed',
          ...TIMED_LATER,
          include: ['test/resolvers/**/*.test.ts'],
          exclude: APART,
          env: PLAIN_ENV,
        },
      },
    ],
  },
});
