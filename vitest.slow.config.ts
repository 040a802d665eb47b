import { defineConfig } from 'vitest/config';
import { options, PLAIN_ENV, SAME_WHEN_PLAIN, SLOW } from './vitest.config.ts';

const shared = options('results-slow');

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    // They measure how long answers take.
    maxWorkers: 1,
    projects: [
      { extends: true, test: { name: 'slow', include: [SLOW] } },
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
