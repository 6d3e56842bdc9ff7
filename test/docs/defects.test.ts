import { assert, describe, it } from "@effect/vitest"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { read, root } from "./blocks.js"

/** Defects of the official SDKs that no part of this project could have, and why. */
const notOurs: { readonly [number: string]: string } = {
  S12: "file transfer through the service's own context is not offered"
}

const listed = [...read("docs/protocol.md").matchAll(/^\| ([CBSX]\d+) \|/gm)].map(
  ([, number]) => number!
)

const titles = NodeFs.readdirSync(NodePath.join(root, "test"), {
  recursive: true,
  encoding: "utf8"
})
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) =>
    [
      ...NodeFs.readFileSync(NodePath.join(root, "test", name), "utf8").matchAll(
        /\b(?:it|describe)(?:\.\w+)*\(\s*(["'`])((?:(?!\1).)*)\1/gs
      )
    ].map(([, , title]) => title!)
  )

describe("defects of the official SDKs", () => {
  it("are all in the list", () => {
    assert.deepStrictEqual(
      ["C", "B", "S", "X"].map((kind) => listed.filter((number) => number.startsWith(kind)).length),
      [14, 4, 13, 6]
    )
  })

  it.each(listed)("%s has a test that names it", (number) => {
    if (number in notOurs) return
    assert.isNotEmpty(titles.filter((title) => new RegExp(`\\b${number}\\b`).test(title)))
  })
})
