import { defineConfig } from 'vitest/config';
import { WORKERS } from './tests/workers.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/setup.ts'],
    // Most of the time somebody listens to speech. Each worker has a server of its own, see tests/setup.ts.
    maxWorkers: WORKERS,
    // What must happen may take its time on a machine that does other things, too.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
