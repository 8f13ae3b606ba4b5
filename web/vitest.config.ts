import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts'],
    // Thousands of cases take their time on a machine that does other things, too.
    testTimeout: 60_000,
  },
});
