import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Tests run against the sources, so a test never sees a stale build.
export default defineConfig({
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
    // Only there so that a hang ends: the machine may be busy with something else.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    reporters: ["default", "json"],
    outputFile: { json: "test-results/report.json" }
  }
})
