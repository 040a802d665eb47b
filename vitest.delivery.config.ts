import { defineConfig } from 'vitest/config';
import { DELIVERY, options } from './vitest.config.ts';

const shared = options('results-delivery');

/** Builds and runs the image, installs anew, and tries a release. It needs buildah, busybox, git and runc, and the right to use them. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    maxWorkers: 1,
    include: [DELIVERY],
  },
});
