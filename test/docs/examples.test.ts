import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Examples from "./examples.js"

const { examples } = Examples
const ofKind = (kind: Examples.Example["kind"]) =>
  examples.filter((example) => example.kind === kind)

Examples.writeAll()

let messages: ReadonlyMap<string, ReadonlyArray<string>> = new Map()

// Examples use the packages as users do: as they are built.
beforeAll(async () => {
  messages = await Examples.compileAll()
}, 60_000)

const assertCompiles = ({ name }: Examples.Example) =>
  assert.deepStrictEqual(messages.get(name) ?? [], [])

describe("every example compiles by itself", () => {
  it.each(examples.map((example) => [example.place, example] as const))("%s", (_, example) =>
    assertCompiles(example)
  )
})

describe("every example runs", () => {
  let faults: ReadonlyMap<string, string> = new Map()
  const imported = ofKind("import")

  beforeAll(async () => {
    faults = await Examples.importAll(imported)
  }, 60_000)

  it.each(imported.map((example) => [example.place, example] as const))("%s", (_, example) => {
    assertCompiles(example)
    assert.strictEqual(faults.get(example.name), undefined)
  })

  it("nothing fails unseen", () => assert.strictEqual(faults.get("unhandled"), undefined))
})

describe("every program ends well and prints what its page shows", () => {
  it.concurrent.each(ofKind("process").map((example) => [example.place, example] as const))(
    "%s",
    async (_, example) => {
      assertCompiles(example)
      const ended = await Examples.run(example)
      assert.strictEqual(ended.code, 0, ended.stderr)
      if (example.output !== undefined) assert.strictEqual(ended.stdout.trim(), example.output)
    }
  )
})

describe("the tests in the pages pass", () => {
  for (const example of ofKind("tests")) {
    describe(example.place, async () => {
      await import(/* @vite-ignore */ Examples.sourceOf(example))
    })
  }
})
