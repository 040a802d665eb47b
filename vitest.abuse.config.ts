import { defineConfig } from 'vitest/config';
import { MEASURED, options } from './vitest.config.ts';

const shared = options('results-abuse');

/** What one client can do to others: its suites measure delays and memory, and need a quiet machine. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    maxWorkers: 1,
    include: [MEASURED],
  },
});
