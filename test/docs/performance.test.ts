import { assert, describe, it } from "@effect/vitest"
import * as NodeChildProcess from "node:child_process"
import * as NodePath from "node:path"
import { root } from "./blocks.js"

describe("the page on performance", () => {
  it("says what the results say, in figures and charts", () => {
    const script = NodePath.join(root, "test/bench/page.mjs")
    const { status, stderr } = NodeChildProcess.spawnSync(process.execPath, [script, "--check"], {
      encoding: "utf8"
    })
    assert.strictEqual(stderr, "")
    assert.strictEqual(status, 0)
  })
})
