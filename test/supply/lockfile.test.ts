import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (path: string) => NodeFs.readFileSync(NodePath.join(root, path), "utf8")

/** The entries of the section `packages` of a lockfile: name, and what is said of it. */
const entriesOf = (lockfile: string): ReadonlyArray<readonly [name: string, text: string]> => {
  const section = /^packages:\n([^]*?)^(?=\S)/m.exec(`${lockfile}\nend:`)?.[1] ?? ""
  return section
    .split(/^ {2}(?=\S)/m)
    .filter((entry) => entry.trim() !== "")
    .map((entry) => {
      const at = entry.indexOf(":\n")
      return [entry.slice(0, at).replaceAll("'", ""), entry.slice(at + 2)]
    })
}

/** The packages that are installed, with the folder of each. */
const installed = (modules = NodePath.join(root, "node_modules")): ReadonlyArray<string> => {
  const store = NodePath.join(modules, ".pnpm")
  return NodeFs.readdirSync(store).flatMap((entry) => {
    const inside = NodePath.join(store, entry, "node_modules")
    if (entry === "node_modules" || !NodeFs.existsSync(inside)) return []
    return NodeFs.readdirSync(inside)
      .flatMap((name) =>
        name.startsWith("@")
          ? NodeFs.readdirSync(NodePath.join(inside, name)).map((part) => `${name}/${part}`)
          : [name]
      )
      .map((name) => NodePath.join(inside, name))
      .filter((folder) => !NodeFs.lstatSync(folder).isSymbolicLink())
      .filter((folder) => NodeFs.existsSync(NodePath.join(folder, "package.json")))
  })
}

const builds = ["preinstall", "install", "postinstall"]

/** The name of a package that wants to run something when it is installed. */
const wantsToRun = (folder: string): ReadonlyArray<string> => {
  const { name, scripts = {} } = JSON.parse(
    NodeFs.readFileSync(NodePath.join(folder, "package.json"), "utf8")
  )
  const wants =
    builds.some((script) => script in scripts) ||
    NodeFs.existsSync(NodePath.join(folder, "binding.gyp"))
  return wants ? [name] : []
}

describe("what is installed", () => {
  it.each(["pnpm-lock.yaml", "test/runtimes/pnpm-lock.yaml"])(
    "%s has a checksum for each entry, and all come from the registry",
    (path) => {
      const lockfile = read(path)
      const entries = entriesOf(lockfile)
      assert.isAbove(entries.length, 10)
      for (const [name, text] of entries) {
        assert.match(text, /resolution: \{integrity: sha512-[\w+/]{86}==\}/, name)
      }
      assert.notMatch(lockfile, /tarball:|https?:|git\+|\bfile:/)
    }
  )

  it("needs no script to run: those that have one are named, and none is let", () => {
    const named = [
      ...(/^allowBuilds:\n((?: {2}.*\n)+)/m.exec(read("pnpm-workspace.yaml"))?.[1] ?? "").matchAll(
        /^ {2}"?([^":]+)"?: (.*)$/gm
      )
    ].map(([, name = "", value]) => ({ name, value }))
    assert.deepStrictEqual(
      named.filter(({ value }) => value !== "false"),
      []
    )
    const folders = installed()
    assert.isAbove(folders.length, 100)
    const wanting = new Set(folders.flatMap(wantsToRun))
    assert.deepStrictEqual([...wanting].toSorted(), named.map(({ name }) => name).toSorted())
  })
})

describe("what the tests of other runtimes install", () => {
  // A lockfile of this version does not say which packages have scripts; so it is said which
  // there are, and that none of theirs is let.
  it("are the binaries that are named, and no script of theirs is let", () => {
    const { dependencies, devDependencies, optionalDependencies, pnpm, scripts } = JSON.parse(
      read("test/runtimes/package.json")
    )
    assert.deepStrictEqual([dependencies, devDependencies, pnpm, scripts], Array(4).fill(undefined))
    const lockfile = read("test/runtimes/pnpm-lock.yaml")
    assert.notMatch(lockfile, /requiresBuild|allowBuilds|onlyBuiltDependencies|\bscripts:/)
    const wanted = Object.entries<string>(optionalDependencies).map(([name, range]) =>
      range.startsWith("npm:") ? range.slice("npm:".length) : `${name}@${range}`
    )
    const entries = entriesOf(lockfile).map(([name]) => name)
    assert.deepStrictEqual(entries.toSorted(), wanted.toSorted())
    const workspace = NodePath.join(root, "test/runtimes/pnpm-workspace.yaml")
    const rules = NodeFs.existsSync(workspace) ? NodeFs.readFileSync(workspace, "utf8") : ""
    assert.notMatch(rules, /: true|onlyBuiltDependencies|dangerously/)
  })

  it("want to run nothing, as far as they are installed", () => {
    const folder = NodePath.join(root, "test/runtimes/node_modules")
    const wanting = NodeFs.existsSync(folder) ? installed(folder).flatMap(wantsToRun) : []
    assert.deepStrictEqual(wanting, [])
  })
})

describe("licences", () => {
  const check = (...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [NodePath.join(root, "scripts/licences.mjs"), "--check", ...args], {
      encoding: "utf8"
    })

  it("of what comes with the packages are permissive, and the page lists them", () => {
    const { status, stderr } = check()
    assert.strictEqual(status, 0, stderr)
  })

  it("a page that lists others is out of date", () => {
    const folder = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-licences-"))
    const page = NodePath.join(folder, "licences.md")
    NodeFs.writeFileSync(page, read("docs/licences.md").replace("| `effect` |", "| `affect` |"))
    const { status, stderr } = check(page)
    NodeFs.rmSync(folder, { recursive: true })
    assert.strictEqual(status, 1)
    assert.match(stderr, /out of date/)
  })
})
