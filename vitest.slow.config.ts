import { defineConfig } from 'vitest/config';
import { options, PLAIN_ENV, SAME_WHEN_PLAIN, SLOW } from './vitest.config.ts';

const shared = options('results-slow');

/** What is looked at on screens and phones, in both themes. The usual run looks at two of these. */
const IN_ALL_VIEWS = ['keys', 'overview', 'page', 'play', 'submit-keys'].map(
  (name) => `test/e2e/board-${name}.test.ts`,
);

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    // They measure how long answers take.
    maxWorkers: 1,
    projects: [
      {
        extends: true,
        test: { name: 'slow', include: [SLOW, ...IN_ALL_VIEWS], env: { ALL_VIEWS: 'true' } },
      },
      {
        extends: true,
        test: {
          name: 'plain-slow',
          include: [SLOW],
          exclude: [
            ...SAME_WHEN_PLAIN,
            'test/docs/**',
            'test/e2e/**',
            'test/jobs/**',
            'test/replicas/**',
            'test/tools/**',
          ],
          env: PLAIN_ENV,
        },
      },
    ],
  },
});
