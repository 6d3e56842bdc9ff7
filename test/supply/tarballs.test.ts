import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import * as Tar from "tar-stream"
import { build } from "../node/local/serverProcess.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

interface Entry {
  readonly executable: boolean
  readonly text: string
}
type Entries = ReadonlyMap<string, Entry>

/** The files of a tarball by path, without the folder that npm puts around them. */
const unpack = async (file: string): Promise<Entries> => {
  const entries = new Map<string, Entry>()
  const extract = Readable.from([gunzipSync(NodeFs.readFileSync(file))]).pipe(Tar.extract())
  for await (const entry of extract) {
    const { mode = 0, name, type } = entry.header
    assert.strictEqual(type, "file", name)
    assert.match(name, /^package\//)
    const text = (await buffer(entry)).toString("latin1")
    entries.set(name.replace(/^package\//, ""), { executable: (mode & 0o111) !== 0, text })
  }
  return entries
}

const folder = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-pack-"))
const packed = new Map<string, Entries>()

beforeAll(async () => {
  build()
  execFileSync(process.execPath, [NodePath.join(root, "scripts/pack.mjs"), folder], { cwd: root })
  for (const name of ["core", "node"]) {
    packed.set(name, await unpack(NodePath.join(folder, `${name}.tgz`)))
  }
}, 300_000)
afterAll(() => NodeFs.rmSync(folder, { recursive: true }))

const entriesOf = (name: string): Entries => packed.get(name) ?? new Map()
const namesOf = (name: string) => [...entriesOf(name).keys()].toSorted()
const textOf = (name: string, path: string) => entriesOf(name).get(path)?.text ?? ""
const Ranges = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
  default: () => ({})
})
const Target = Schema.NullOr(Schema.String)
const Manifest = Schema.parseJson(
  Schema.Struct({
    version: Schema.String,
    private: Schema.optional(Schema.Boolean),
    bin: Ranges,
    scripts: Ranges,
    dependencies: Ranges,
    peerDependencies: Ranges,
    exports: Schema.Record({
      key: Schema.String,
      value: Schema.Union(Target, Schema.Record({ key: Schema.String, value: Target }))
    })
  })
)
const manifestOf = (name: string) => Schema.decodeSync(Manifest)(textOf(name, "package.json"))

/** The files that an entry of `exports` leads to; a star stands for each module there is. */
const targetsOf = (name: string, target: string): ReadonlyArray<string> => {
  const path = target.replace(/^\.\//, "")
  if (!path.includes("*")) return [path]
  // What is for `dist/*.js` has declarations, too.
  const modules = namesOf(name).filter((file) => /^dist\/[A-Z]\w*\.js$/.test(file))
  return modules.map((file) => path.replace("*", NodePath.basename(file, ".js")))
}

/** What must not leave the machine: keys, tokens, and where it was built. */
const secrets = [
  /akm-(?!example|local-)[A-Za-z0-9-]{16}/,
  /akm-local-[A-Za-z0-9]{32}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}/,
  /_authToken|npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}/
]

describe.each(["core", "node"])("the tarball of %s", (name) => {
  const folders = name === "core" ? ["dist", "src"] : ["demo", "dist", "src"]

  it("holds what it should, and nothing else", () => {
    const others = namesOf(name).filter((path) => !folders.includes(path.split("/")[0] ?? ""))
    assert.deepStrictEqual(others, ["LICENSE", "README.md", "package.json"])
    for (const path of namesOf(name).filter((path) => path.startsWith("src/"))) {
      assert.match(path, /^src\/[\w/]+\.ts$/)
      assert.notMatch(path, /test\.ts$/)
    }
    for (const path of namesOf(name).filter((path) => path.startsWith("dist/"))) {
      assert.match(path, /^dist\/[\w/]+\.(js|d\.ts)(\.map)?$/)
    }
  })

  it("holds the demo's files as they are in the repository, and no other", () => {
    // Names as they are, ended by NUL: git writes odd ones in quotes otherwise.
    const listed = execFileSync("git", ["ls-files", "-z", "demo"], {
      cwd: NodePath.join(root, "packages", name),
      encoding: "utf8"
    })
    const files = listed.split("\0").filter((path) => path !== "")
    assert.strictEqual(files.length > 10, name === "node")
    assert.deepStrictEqual(
      namesOf(name).filter((path) => path.startsWith("demo/")),
      files.toSorted()
    )
    for (const path of files) {
      const text = NodeFs.readFileSync(NodePath.join(root, "packages", name, path), "latin1")
      assert.isTrue(textOf(name, path) === text, path)
    }
  })

  it("has all that is in the sources as built, and nothing of sources that are gone", () => {
    const sources = namesOf(name)
      .filter((path) => path.startsWith("src/"))
      .map((path) => path.slice("src/".length, -".ts".length))
    const built = (ending: string) =>
      namesOf(name)
        .filter((path) => path.startsWith("dist/") && path.endsWith(ending))
        .map((path) => path.slice("dist/".length, -ending.length))
    for (const ending of [".js", ".d.ts", ".js.map", ".d.ts.map"]) {
      assert.deepStrictEqual(built(ending), sources, ending)
    }
  })

  it("has maps that lead to its own sources", () => {
    const maps = namesOf(name).filter((path) => path.endsWith(".map"))
    for (const path of maps) {
      const { sourceRoot = "", sources } = JSON.parse(textOf(name, path))
      for (const source of sources) {
        const file = NodePath.posix.join(NodePath.posix.dirname(path), sourceRoot, source)
        assert.isTrue(entriesOf(name).has(file), `${path}: ${file}`)
      }
    }
  })

  it("gives away no secret and no path of the machine it was made on", () => {
    for (const [path, { text }] of entriesOf(name)) {
      for (const secret of secrets) assert.notMatch(text, secret, path)
      assert.notInclude(text, root.replace(/\/$/, ""), path)
      assert.notInclude(text, "file://", path)
    }
  })

  it("asks for ranges that a registry knows", () => {
    const manifest = manifestOf(name)
    assert.isUndefined(manifest.private)
    assert.deepStrictEqual(manifest.scripts, {})
    const ranges = { ...manifest.dependencies, ...manifest.peerDependencies }
    assert.isNotEmpty(Object.keys(ranges))
    for (const [dependency, range] of Object.entries(ranges)) {
      assert.match(range, /^\^\d+\.\d+\.\d+$/, dependency)
    }
  })

  it("has every file that its exports and its commands lead to", () => {
    const { bin, exports } = manifestOf(name)
    const targets = Object.values(exports)
      .flatMap((target) => (typeof target === "string" ? [target] : Object.values(target ?? {})))
      .filter((target) => target !== null)
    const files = targets.flatMap((target) => targetsOf(name, target))
    assert.isAbove(files.length, 5)
    for (const file of files) assert.isTrue(entriesOf(name).has(file), file)
    for (const command of Object.values(bin)) {
      const { executable, text } = entriesOf(name).get(command.replace(/^\.\//, "")) ?? {}
      assert.match(text ?? "", /^#!\/usr\/bin\/env node\n/)
      assert.isTrue(executable, command)
    }
  })
})

it("both packages have one version, and node asks for that core", () => {
  const core = manifestOf("core")
  const node = manifestOf("node")
  assert.strictEqual(node.version, core.version)
  assert.strictEqual(node.dependencies["@effect-agentbay/core"], `^${core.version}`)
  assert.deepStrictEqual(node.peerDependencies, core.peerDependencies)
})
