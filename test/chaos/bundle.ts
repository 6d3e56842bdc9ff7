/** The server as one file, of the sources: a process that has to load hundreds starts slowly. */
import * as Esbuild from "esbuild"
import { fileURLToPath } from "node:url"

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const modules = {
  LocalAgentBay: at("packages/node/src/LocalAgentBay.ts"),
  Effect: "effect/Effect",
  Redacted: "effect/Redacted"
}

/** Answers with its path; what it leaves outside is found from there. */
export const bundle = async (): Promise<string> => {
  const outfile = at(`packages/node/node_modules/.cache/chaos-${process.pid}.mjs`)
  await Esbuild.build({
    stdin: {
      contents: Object.entries(modules)
        .map(([name, path]) => `export * as ${name} from ${JSON.stringify(path)}`)
        .join("\n"),
      resolveDir: at("packages/node")
    },
    bundle: true,
    format: "esm",
    // The process knows one of them by its name.
    keepNames: true,
    platform: "node",
    outfile,
    alias: { "@effect-agentbay/core": at("packages/core/src") },
    external: ["@libsql/client"],
    // Packages in the older format ask for it.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
    },
    logLevel: "error"
  })
  return outfile
}
