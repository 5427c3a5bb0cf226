/** The soak: not part of the project's own suites, started by `npm run test:soak`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'soak',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['../db/global-setup.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
