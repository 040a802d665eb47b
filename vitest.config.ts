import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As Node resolves and imports packages, so that what passes here also runs there, with one copy of graphql.
  resolve: { extensions: ['.js', '.mjs', '.json'] },
  test: {
    deps: { interopDefault: false },
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    sequence: { shuffle: true },
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: 'test/artifacts/results.json' },
  },
});
