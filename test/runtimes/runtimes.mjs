// The runtimes: which there are, in which versions, and where their programs are. The versions
// stand in package.json, and the lockfile beside it says what their packages hold. These are the
// packages with the programs themselves, one for each kind of machine, so nothing has to be
// run to install them.
import { accessSync, constants, existsSync, readFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { pnpm } from "../../scripts/pnpm.mjs"

const folder = fileURLToPath(new URL(".", import.meta.url))
const { optionalDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

const arm = process.arch === "arm64"
const machine = `${process.platform}-${process.arch}`

const bunPackage = `@oven/bun-${process.platform}-${arm ? "aarch64" : process.arch}`
const denoPackage = `@deno/${machine}${process.platform === "linux" ? "-glibc" : ""}`
const workerdPackage = `@cloudflare/workerd-${process.platform}-${arm ? "arm64" : "64"}`

/**
 * Why a program cannot be run; `impossible` when there is none for this kind of machine. What
 * was not fetched yet is not there yet.
 */
const missing = (program, from) =>
  optionalDependencies[from] === undefined
    ? { impossible: `there is no package of it for ${machine}` }
    : { fault: () => (canRun(program) ? undefined : `${from} is not there: ${program}`) }

const canRun = (program) => {
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const fetched = (kind, from, path, words = []) => {
  const program = join(folder, "node_modules", from, path)
  const version = optionalDependencies[from]?.split("@").at(-1) ?? ""
  return {
    kind,
    name: `${kind} ${version}`.trim(),
    command: [program, ...words],
    ...missing(program, from)
  }
}

/** Every Node that is supported, the oldest first. */
export const nodes = ["20", "22", "24", "26"].map((major) => {
  const node = fetched("node", `node-${major}-${machine}`, "bin/node")
  return node.impossible === undefined ? node : { ...node, name: `node ${major}` }
})

export const bun = fetched("bun", bunPackage, "bin/bun", ["--bun"])

export const deno = fetched("deno", denoPackage, "deno")

export const workerd = fetched("workerd", workerdPackage, "bin/workerd")

/** The browser of the machine: it is no package of ours to fetch. */
const browsers = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
  (process.env.PATH ?? "").split(delimiter).map((path) => join(path, name))
)
const browser = browsers.find((path) => existsSync(path) && canRun(path))

export const chromium = {
  kind: "chromium",
  name: "chromium",
  command: [browser],
  ...(browser === undefined ? { impossible: "no chromium is installed on this machine" } : {})
}

/** Installs what package.json names, as the lockfile says. */
export const fetchRuntimes = () =>
  pnpm(folder, "install", "--ignore-workspace", "--frozen-lockfile", "--ignore-scripts")
