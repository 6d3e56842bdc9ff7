// Says how large the smallest program is, bundled, minified and gzipped, above one that has
// only Effect, and how many packages `core` brings along. Exits with 1 when either is more
// than the budget: `node scripts/size.mjs [budget.json]`. It reads the sources, so nothing
// has to be built. Method and figures: docs/decisions/0024-size.md.
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const core = join(root, "packages/core")

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))

/** The bytes of a program as it would be served. */
const sizeOf = async (program) => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, "test/size", program)],
    alias: { "@effect-agentbay/core": join(core, "src") },
    bundle: true,
    minify: true,
    format: "esm",
    legalComments: "none",
    write: false
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

/** The folder in which a package finds another one, if it is installed. */
const folderOf = (name, from) => {
  const folder = join(from, "node_modules", name)
  if (existsSync(folder)) return realpathSync(folder)
  return dirname(from) === from ? undefined : folderOf(name, dirname(from))
}

/**
 * What comes with a package, itself included: everything that it and its dependencies need,
 * their peers, and optional packages that fit this machine. Names with versions.
 */
const installedWith = (folder, found = new Set()) => {
  const manifest = readJson(join(folder, "package.json"))
  const key = `${manifest.name}@${manifest.version}`
  if (found.has(key)) return found
  found.add(key)
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  for (const name of Object.keys({
    ...dependencies,
    ...optionalDependencies,
    ...peerDependencies
  })) {
    const next = folderOf(name, folder)
    if (next !== undefined) installedWith(next, found)
  }
  return found
}

const bytes = (count) => `${count.toLocaleString("en")} bytes`

const budget = readJson(process.argv[2] ?? join(root, "test/size/budget.json"))
const [floor, smallest] = await Promise.all([sizeOf("floor.ts"), sizeOf("smallest.ts")])
const packages = installedWith(core)
const above = smallest - floor
const faults = []

console.log(`floor            ${bytes(floor)}`)
console.log(`smallest program ${bytes(smallest)}`)
console.log(`above the floor  ${bytes(above)} of ${bytes(budget.aboveFloor)}`)
console.log(`packages         ${packages.size} of ${budget.packages}: ${[...packages].join(" ")}`)

for (const [name, version] of Object.entries(budget.floor.versions)) {
  if (!packages.has(`${name}@${version}`)) {
    faults.push(`the floor was noted for ${name} ${version}, which is not the one that is here`)
  }
}
// gzip of another version of Node may come out some bytes apart.
if (Math.abs(floor - budget.floor.bytes) > 200) {
  faults.push(`the floor was noted with ${bytes(budget.floor.bytes)}`)
}
if (above > budget.aboveFloor) faults.push(`${bytes(above - budget.aboveFloor)} too many`)
if (packages.size > budget.packages) faults.push("too many packages")

for (const fault of faults) console.error(`size: ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1
