/** Test projects: pure specs beside the code, and suites on real Postgres, git and processes under test/. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Suites start hundreds of short Node processes from the same files: what one compiled, the others read.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compile');

export default defineConfig({
  test: {
    // Suites of processes wait more than they compute: three files at a time, also on two cores.
    maxWorkers: 3,
    // Of specs and suites on Postgres; measuring slows the processes of the end-to-end suites, and adds nothing there.
    coverage: {
      provider: 'v8',
      include: ['app/domain/**/*.ts'],
      exclude: ['**/*.test.ts'],
      thresholds: { lines: 95 },
      reporter: ['text-summary'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{app,db,runner,action,forge,demo}/**/*.test.ts',
            'test/*.test.ts',
            'test/forge/**/*.test.ts',
          ],
          exclude: ['demo/project/**', '**/node_modules/**'],
          // A limit for what hangs, not a measure: a slow machine is no failure.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'db',
          include: ['test/db/**/*.test.ts'],
          globalSetup: ['test/db/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/db/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
