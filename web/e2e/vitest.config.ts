import { defineConfig } from 'vitest/config'

// Browser tests, one browser at a time. Build the pages first (`npm run build`).
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // A flake is a failure.
    retry: 0,
  },
})
