// Core's tests with other versions of its peers than those of the lockfile: the lowest and the
// highest that core's package.json allows.
import assert from "node:assert/strict"
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "./processes.mjs"
import { runSuite } from "./suite.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))

const { peerDependencies } = readJson(join(root, "packages/core/package.json"))

/** The lowest versions are those that the ranges begin with; a caret takes the highest itself. */
const wanted = {
  lowest: (range) => range.replace(/^\^/, ""),
  highest: (range) => range
}

export const ends = Object.keys(wanted)

/** A copy of core and its tests, with peers of its own. Gives their versions, and the folder. */
export const prepare = async (home, which) => {
  const folder = join(home, `peers-${which}`)
  for (const path of [
    "packages/core/src",
    "test/core",
    "test/fixtures",
    "test/rounds.ts",
    "vitest.config.ts"
  ]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  const { devDependencies } = readJson(join(root, "package.json"))
  const peers = Object.fromEntries(
    Object.entries(peerDependencies).map(([name, range]) => [name, wanted[which](range)])
  )
  const { vitest } = devDependencies
  const dependencies = { ...peers, "@effect/vitest": devDependencies["@effect/vitest"], vitest }
  const manifest = { private: true, type: "module", dependencies }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest))
  // Not --prefer-offline: the highest is the one that the registry has now.
  const { code, printed } = await run(
    ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"],
    { cwd: folder, seconds: 240 }
  )
  assert.equal(code, 0, printed)
  const versions = Object.keys(peers).map((name) => {
    const { version } = readJson(join(folder, "node_modules", name, "package.json"))
    assert(which === "highest" || version === peers[name], `${name} ${version} was installed`)
    return `${name} ${version}`
  })
  return { folder, versions: versions.join(", ") }
}

/** Runs files or folders of core's tests there. */
export const runWithPeers = (node, which, folder, files, limits) =>
  runSuite(node, `peers ${which}`, files, { cwd: folder, ...limits })
