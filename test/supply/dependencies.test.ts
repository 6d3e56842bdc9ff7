import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (path: string) => NodeFs.readFileSync(NodePath.join(root, path), "utf8")

const Ranges = Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
  default: () => ({})
})
const Manifest = Schema.parseJson(
  Schema.Struct({
    dependencies: Ranges,
    devDependencies: Ranges,
    optionalDependencies: Ranges,
    peerDependencies: Ranges
  })
)

/** What a package asks for by name: another name for it is ours alone. */
const asked = ([name, range]: readonly [string, string]): readonly [string, string] => {
  const alias = /^npm:(.+)@([^@]+)$/.exec(range)
  return alias === null ? [name, range] : [alias[1] ?? "", alias[2] ?? ""]
}

const dependenciesOf = (path: string) => {
  const manifest = Schema.decodeSync(Manifest)(read(path))
  const list = (ranges: { readonly [name: string]: string }) =>
    Object.entries(ranges)
      .map(asked)
      .filter(([name]) => !name.startsWith("@effect-agentbay/"))
  return {
    published: list({ ...manifest.dependencies, ...manifest.peerDependencies }),
    others: list({ ...manifest.devDependencies, ...manifest.optionalDependencies })
  }
}

const manifests = [
  "package.json",
  "packages/core/package.json",
  "packages/node/package.json",
  "test/runtimes/package.json"
].map(dependenciesOf)

/** The first cell of every row: names, and the range where it is the users' to know. */
const rows = read("docs/decisions/0012-dependencies.md")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|")[1] ?? "")

const named = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name))

describe("direct dependencies", () => {
  it("each has its reason in a row, once, and no row is about one that is gone", () => {
    const names = manifests.flatMap(({ others, published }) =>
      [...published, ...others].map(([name]) => name)
    )
    assert.deepStrictEqual(named.toSorted(), [...new Set(names)].toSorted())
  })

  it("the rows tell the ranges that users get", () => {
    const published = new Set(
      manifests.flatMap(({ published }) => published.map(([name, range]) => `\`${name}\` ${range}`))
    )
    assert.isAbove(published.size, 5)
    for (const text of published)
      assert.include(
        rows.map((cell) => cell.trim()),
        text
      )
  })

  it("what is only ours is asked for in one exact version", () => {
    for (const [name, version] of manifests.flatMap(({ others }) => others)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name)
    }
  })

  it("core has none but its peers", () =>
    assert.deepStrictEqual(manifests[1]?.published.map(([name]) => name).toSorted(), [
      "@effect/platform",
      "effect"
    ]))
})
