import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Whitelist from "../../../packages/node/src/local/transfer/Whitelist.js"

const segments = FastCheck.array(FastCheck.constantFrom("a", "b", "ab", "a b"), { maxLength: 4 })
const entry = FastCheck.record({
  path: segments,
  excludePaths: FastCheck.array(
    FastCheck.array(FastCheck.constantFrom("a", "b", "ab"), { minLength: 1, maxLength: 3 }),
    { maxLength: 2 }
  )
})
const entries = FastCheck.array(entry, { minLength: 1, maxLength: 3 })

type Entry = {
  readonly path: ReadonlyArray<string>
  readonly excludePaths: ReadonlyArray<ReadonlyArray<string>>
}

const isWithin = (path: ReadonlyArray<string>, folder: ReadonlyArray<string>) =>
  folder.every((segment, index) => path[index] === segment)

/** The meaning, written down segment by segment. */
const isCovered = (list: ReadonlyArray<Entry>, path: ReadonlyArray<string>) =>
  list.some(
    (item) =>
      isWithin(path, item.path) &&
      !item.excludePaths.some((exclude) => isWithin(path, [...item.path, ...exclude]))
  )

const compile = (list: ReadonlyArray<Entry>) =>
  Whitelist.make(
    list.map((item) => ({
      path: item.path.join("/"),
      excludePaths: item.excludePaths.map((exclude) => exclude.join("/"))
    }))
  )

describe("Whitelist", () => {
  it("covers exactly what the entries mean", () => {
    FastCheck.assert(
      FastCheck.property(entries, segments, (list, path) => {
        const coverage = compile(list).coverage(path.join("/"))
        return (coverage === "all" || coverage === "part") === isCovered(list, path)
      }),
      { numRuns: 5000 }
    )
  })

  it("promises hold for everything below", () => {
    FastCheck.assert(
      FastCheck.property(entries, segments, segments, (list, path, below) => {
        const coverage = compile(list).coverage(path.join("/"))
        const covered = isCovered(list, [...path, ...below])
        if (coverage === "all") return covered
        if (coverage === "none") return !covered
        return true
      }),
      { numRuns: 5000 }
    )
  })

  it("no entries cover everything", () => {
    for (const whitelist of [Whitelist.everything, Whitelist.make(), Whitelist.make([])]) {
      assert.strictEqual(whitelist.coverage(""), "all")
      assert.strictEqual(whitelist.coverage("any/thing"), "all")
    }
    assert.strictEqual(Whitelist.make([{ path: "" }]).coverage("any/thing"), "all")
  })

  it("a path covers itself and what is below, not its namesakes", () => {
    const { coverage } = Whitelist.make([{ path: "a/b" }])
    assert.strictEqual(coverage(""), "way")
    assert.strictEqual(coverage("a"), "way")
    assert.strictEqual(coverage("a/b"), "all")
    assert.strictEqual(coverage("a/b/c"), "all")
    assert.strictEqual(coverage("a/bc"), "none")
    assert.strictEqual(coverage("c"), "none")
  })

  it("excludes are relative to their entry", () => {
    const { coverage } = Whitelist.make([{ path: "src", excludePaths: ["cache", "x/y"] }])
    assert.strictEqual(coverage("src"), "part")
    assert.strictEqual(coverage("src/cache"), "none")
    assert.strictEqual(coverage("src/cache/deep"), "none")
    assert.strictEqual(coverage("src/cached"), "all")
    assert.strictEqual(coverage("src/x"), "part")
    assert.strictEqual(coverage("src/x/y"), "none")
    assert.strictEqual(coverage("src/x/z"), "all")
  })

  it("another entry may cover what one entry leaves out", () => {
    const { coverage } = Whitelist.make([
      { path: "", excludePaths: ["logs"] },
      { path: "logs/keep" }
    ])
    assert.strictEqual(coverage("logs"), "way")
    assert.strictEqual(coverage("logs/keep"), "all")
    assert.strictEqual(coverage("logs/other"), "none")
  })

  it("slashes around and within do not matter, nor do blank excludes", () => {
    const { coverage } = Whitelist.make([
      { path: "//Default//Cookies/", excludePaths: ["/old/", "", "/"] }
    ])
    assert.strictEqual(coverage("Default"), "way")
    assert.strictEqual(coverage("Default/Cookies"), "part")
    assert.strictEqual(coverage("Default/Cookies/new"), "all")
    assert.strictEqual(coverage("Default/Cookies/old"), "none")
  })
})
