import { defineConfig } from 'vitest/config';

/** Suites that have a gateway answer. */
const GATEWAY_SUITES = ['chaos', 'conformance', 'e2e', 'interop', 'resolvers', 'server'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig({
  // As Node resolves and imports packages, so that what passes here also runs there, with one copy of graphql.
  resolve: { extensions: ['.js', '.mjs', '.json'] },
  test: {
    deps: { interopDefault: false },
    testTimeout: 20_000,
    hookTimeout: 30_000,
    sequence: { shuffle: true },
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: 'test/artifacts/results.json' },
    projects: [
      { extends: true, test: { name: 'default', include: ['test/**/*.test.ts'] } },
      {
        // The same rules hold with nothing kept and nothing compiled.
        extends: true,
        test: {
          name: 'plain',
          include: GATEWAY_SUITES,
          exclude: ['test/server/response-cache/**'],
          env: { PLAIN_GATEWAY: 'true' },
        },
      },
    ],
  },
});
