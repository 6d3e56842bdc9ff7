import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { read, root } from "./blocks.js"

const page = "docs/features.md"

interface Row {
  readonly section: string
  readonly cells: ReadonlyArray<string>
}

const rows: ReadonlyArray<Row> = read(page)
  .split(/^## /m)
  .flatMap((text) => {
    const section = text.split("\n")[0]!
    return text
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
      .map((line) => ({
        section,
        cells: line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim())
      }))
      .filter(({ cells }) => cells.at(-1) !== "shown by")
  })

/** Every method that an official SDK has, by section of the page. */
const official: { readonly [section: string]: ReadonlyArray<string> } = JSON.parse(
  read("test/fixtures/protocol/methods.json")
)

/** What stands between single backticks. */
const code = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, inner]) => inner!)

describe("the table of features", () => {
  it("names every method of the official SDKs", () => {
    for (const [section, methods] of Object.entries(official)) {
      const named = new Set(
        rows.filter((row) => row.section === section).flatMap(({ cells }) => cells.flatMap(code))
      )
      assert.deepStrictEqual(
        methods.filter((method) => !named.has(method)),
        [],
        section
      )
    }
  })

  it.effect("names members of ours that exist", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.session()
      const names = rows
        .flatMap(({ cells }) => cells.flatMap(code))
        .filter(
          (name) => /^(agentBay|session)\.\w/.test(name) && !name.startsWith("session.context ")
        )
      assert.isAbove(names.length, 40)
      for (const name of names) {
        const found = name
          .split(".")
          .reduce<unknown>(
            (value, key) => (value === undefined ? undefined : Reflect.get(Object(value), key)),
            { agentBay, session }
          )
        assert.isDefined(found, name)
      }
    }).pipe(Effect.scoped, Effect.provide(AgentBayTest.layer()))
  )

  it("shows each row by a test of that title, or says why there is none", () => {
    for (const { cells } of rows) {
      const shown = cells.at(-1)!
      const ours = cells.at(-2)!
      if (shown === "") {
        assert.match(ours, /^none|\[out\]/, cells[0])
        continue
      }
      const [, title, path] = /^\[(.+)\]\((\.\.\/test\/.+)\)$/.exec(shown) ?? []
      assert.isDefined(path, `${cells[0]}: ${shown}`)
      const file = NodePath.join(root, "docs", path!)
      assert.include(NodeFs.readFileSync(file, "utf8"), title!.replaceAll("\\", ""), path)
    }
  })
})
