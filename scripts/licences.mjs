// Lists the licences of all that comes with the two packages, as the lockfile has it:
// `node scripts/licences.mjs` writes docs/licences.md, with `--check` it only compares. Fails
// when a licence is not one of those that ask for no more than to be named.
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))

const permissive = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT"
])

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))

const folderOf = (name, from) => {
  const folder = join(from, "node_modules", name)
  if (existsSync(folder)) return realpathSync(folder)
  return dirname(from) === from ? undefined : folderOf(name, dirname(from))
}

/** Programs for one kind of machine go by their scope: each machine has another of them. */
const shown = ({ cpu, name, os, version }) =>
  cpu === undefined && os === undefined
    ? [name, version]
    : [`${name.split("/")[0]}/*`, "per machine"]

/** Everything that a package needs to run, itself included, by name and version. */
const collect = (folder, found) => {
  const manifest = readJson(join(folder, "package.json"))
  const [name, version] = shown(manifest)
  const key = `${name} ${version}`
  if (found.has(key)) return found
  found.set(key, { name, version, licence: manifest.license ?? "none" })
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest
  const peers = Object.keys(peerDependencies ?? {}).filter(
    (peer) => peerDependenciesMeta?.[peer]?.optional !== true
  )
  for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers].map(
    (needed) => folderOf(needed, folder)
  )) {
    if (next !== undefined) collect(next, found)
  }
  return found
}

/** An expression of licences is fine when one of its alternatives is, whole. */
const isPermissive = (licence) =>
  licence
    .replace(/^\(|\)$/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((part) => permissive.has(part)))

const found = new Map()
for (const name of ["core", "node"]) collect(join(root, "packages", name), found)
const rows = [...found.values()]
  .filter(({ name }) => !name.startsWith("@effect-agentbay/"))
  .toSorted((a, b) =>
    a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1
  )

const count = (licence) => rows.filter((row) => row.licence === licence).length
const licences = [...new Set(rows.map(({ licence }) => licence))].toSorted()

const page = `# Licences

The two packages are under the MIT licence. This is what comes with them, all the way down, in the versions that the
lockfile has; \`node scripts/licences.mjs\` writes this page. All of these licences allow any use and ask only to be
named: ${licences.map((licence) => `${licence} (${count(licence)})`).join(", ")}.

| package | version | licence |
| --- | --- | --- |
${rows.map(({ licence, name, version }) => `| \`${name}\` | ${version} | ${licence} |`).join("\n")}
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } }
})
const file = positionals[0] ?? join(root, "docs/licences.md")

const faults = rows
  .filter(({ licence }) => !isPermissive(licence))
  .map(({ licence, name }) => `${name} is under ${licence}`)
if (!values.check) writeFileSync(file, page)
else if (!existsSync(file) || readFileSync(file, "utf8") !== page) {
  faults.push(`${file} is out of date: node scripts/licences.mjs`)
}
for (const fault of faults) console.error(`licences: ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1
