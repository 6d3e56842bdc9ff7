import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const read = (path: string) => NodeFs.readFileSync(NodePath.join(root, path), "utf8")

const measure = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [NodePath.join(root, "scripts/size.mjs"), ...args], {
    encoding: "utf8"
  })

describe("size", () => {
  it("the smallest program and the packages of core are within the budget", () => {
    const { status, stderr, stdout } = measure()
    assert.strictEqual(status, 0, stdout + stderr)
  })

  it("what is above the budget fails and is named", () => {
    const folder = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-size-"))
    const budget = NodePath.join(folder, "budget.json")
    NodeFs.writeFileSync(
      budget,
      JSON.stringify({
        floor: { bytes: 1, versions: { effect: "0.0.0" } },
        aboveFloor: 0,
        packages: 1
      })
    )
    const { status, stderr } = measure(budget)
    NodeFs.rmSync(folder, { recursive: true })
    assert.strictEqual(status, 1)
    assert.match(stderr, /the floor was noted for effect 0\.0\.0/)
    assert.match(stderr, /the floor was noted with 1 bytes/)
    assert.match(stderr, /size: [\d,]+ bytes too many/)
    assert.match(stderr, /too many packages/)
  })

  it("the page shows the program that is measured", () =>
    assert.include(read("docs/decisions/0024-size.md"), read("test/size/smallest.ts")))
})
