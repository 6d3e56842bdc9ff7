import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Tests run against the sources, so a test never sees a stale build.
export default defineConfig(({ mode }) => ({
  resolve: {
    alias: [
      { find: /^@effect-agentbay\/core$/, replacement: source("packages/core/src/index.ts") },
      { find: /^@effect-agentbay\/core\/(.*)$/, replacement: source("packages/core/src/$1.ts") },
      { find: /^@effect-agentbay\/node$/, replacement: source("packages/node/src/index.ts") },
      { find: /^@effect-agentbay\/node\/(.*)$/, replacement: source("packages/node/src/$1.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Loading Effect for each file anew took half of the time. So a process runs many files, and
    // a test must not change what they share: no mocks of modules, no left-over globals.
    isolate: false,
    // One more than there are cores: much of a test on a virtual clock is waiting for its fibers.
    maxWorkers: 3,
    minWorkers: 3,
    env: { ROUNDS: mode === "long" ? "long" : "short" },
    // Only there so that a hang ends: the machine may be busy with something else.
    testTimeout: mode === "long" ? 3_600_000 : 90_000,
    hookTimeout: 60_000,
    reporters: mode === "long" ? ["verbose"] : ["default", "json"],
    outputFile: { json: "test-results/report.json" }
  }
}))
