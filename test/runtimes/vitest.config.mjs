import { fileURLToPath } from "node:url"
import { defineConfig, mergeConfig } from "vitest/config"
import base from "../../vitest.config.ts"

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

/** The project's tests as they are, in a runtime that makes itself known before each file. */
export default defineConfig((env) =>
  mergeConfig(base(env), {
    root: path("../.."),
    test: { setupFiles: [path("expected.ts")] }
  })
)
