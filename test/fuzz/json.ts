/**
 * JSON that is about to be spoiled: a tree that can also say what no JSON value can, such as the
 * same key twice, a key named `__proto__`, `-0` and `1e999`, and JSON texts within JSON texts.
 */
import type { Random } from "./random.js"

export type Tree =
  /** Stands in the text as it is. */
  | { readonly kind: "raw"; readonly text: string }
  | { readonly kind: "list"; readonly items: Array<Tree> }
  | { readonly kind: "object"; readonly entries: Array<[key: string, value: Tree]> }
  /** A text that holds JSON. */
  | { readonly kind: "text"; readonly inner: Array<Tree> }

const raw = (text: string): Tree => ({ kind: "raw", text })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Deeper trees are made by `spoil`, as texts; these here are followed step by step. */
const maxDepth = 500

/** A JSON value as a tree; what lies very deep in it is left out. */
export const treeOf = (value: unknown, depth = 0): Tree => {
  if (depth > maxDepth) return raw("null")
  const below = (inner: unknown) => treeOf(inner, depth + 1)
  if (typeof value === "string") {
    const inner = /^\s*[[{]/.test(value) ? parsed(value) : undefined
    return inner === undefined
      ? raw(JSON.stringify(value))
      : { kind: "text", inner: [below(inner)] }
  }
  if (Array.isArray(value)) return { kind: "list", items: value.map(below) }
  if (typeof value === "object" && value !== null) {
    return {
      kind: "object",
      entries: Object.entries(value).map(([key, inner]) => [key, below(inner)])
    }
  }
  return raw(JSON.stringify(value))
}

/** The tree as a text, which may be no JSON any more. */
export const write = (tree: Tree): string => {
  switch (tree.kind) {
    case "raw":
      return tree.text
    case "list":
      return `[${tree.items.map(write).join(",")}]`
    case "object":
      return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`
    case "text":
      return JSON.stringify(tree.inner.map(write).join(""))
  }
}

/** A place in a tree where something stands that can be exchanged. */
interface Place {
  readonly get: () => Tree
  readonly set: (tree: Tree) => void
  /** The list or object around it, none at the top. */
  readonly around: Tree | undefined
  readonly index: number
}

const placesIn = (tree: Tree, found: Array<Place>): void => {
  const within = (get: () => Tree, set: (tree: Tree) => void, index: number) => {
    found.push({ get, set, around: tree, index })
    placesIn(get(), found)
  }
  switch (tree.kind) {
    case "raw":
      return
    case "list":
      return tree.items.forEach((_, index) =>
        within(
          () => tree.items[index]!,
          (next) => (tree.items[index] = next),
          index
        )
      )
    case "object":
      return tree.entries.forEach((entry, index) =>
        within(
          () => entry[1],
          (next) => (entry[1] = next),
          index
        )
      )
    case "text":
      return tree.inner.forEach((_, index) =>
        within(
          () => tree.inner[index]!,
          (next) => (tree.inner[index] = next),
          index
        )
      )
  }
}

const numbers = [
  "0",
  "-0",
  "1",
  "-1",
  "0.5",
  "200",
  "1e308",
  "1e999",
  "-1e999",
  "1e-999",
  "9007199254740993",
  "-9007199254740993",
  "8640000000000",
  "8640000000001",
  "1795341874",
  "1e21"
]

const words = [
  "",
  " ",
  "Success",
  "Failed",
  "Running",
  "success",
  "upload",
  "download",
  "data",
  "ok",
  "true",
  "false",
  "null",
  "NaN",
  "-1",
  "1e999",
  "[]",
  "{}",
  "[[]]",
  "[null]",
  "__proto__",
  "constructor",
  "\u0000",
  "a\u0000b",
  "\uFEFF",
  "\u2028",
  "\uD800",
  "\uDC00x",
  "😀",
  "RUNNING",
  "PAUSED",
  "FINISH",
  "DELETED",
  "available",
  "clearing",
  "2026-11-22T09:59:55Z",
  "+275760-09-13T00:00:00.001Z",
  "-271821-04-20T00:00:00Z",
  "2026-02-30T25:61:61+99:99",
  "http://127.0.0.1:0/",
  "http://[",
  "file:///etc/passwd",
  "javascript:0",
  "//",
  "YWJj",
  "YWJ",
  "====",
  "../../x",
  "/a/b",
  "Throttling.User",
  "InvalidMcpSession.NotFound",
  "%",
  "%00",
  "${x}"
]

const keys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  "then",
  "toJSON",
  "_tag",
  "",
  "\u0000",
  "Success",
  "Code",
  "Message",
  "RequestId",
  "Data",
  "data",
  "Status",
  "SessionId",
  "NextToken",
  "TotalCount",
  "ContextStatus",
  "Policy",
  "type",
  "text",
  "content",
  "isError",
  "name",
  "status",
  "path"
]

const noJson = ["NaN", "Infinity", "undefined", "0x10", "01", "'a'", "", ",", "}", "//", "\uFEFF1"]

/** Sizes that show what grows faster than its input, seldom enough to cost little. */
const manySometimes = (random: Random): number =>
  random.chance(0.0005) ? 20_000 : random.chance(0.005) ? 1000 : 1 + random.below(20)

/** The scalars of JSON, as they are written. */
const scalar = (random: Random): Tree => {
  switch (random.below(8)) {
    case 0:
      return raw("null")
    case 1:
      return raw(random.pick(["true", "false"]))
    case 2:
    case 3:
      return raw(random.pick(numbers))
    case 4:
      return raw(JSON.stringify(random.pick(words).repeat(manySometimes(random))))
    case 5:
      return random.chance(0.3)
        ? raw(random.pick(noJson))
        : raw(`"${random.pick(["\\uD800", "\\u0000", "\\uDFFF\\uD83D", "\\/"])}"`)
    default:
      return raw(JSON.stringify(random.pick(words)))
  }
}

const deep = (random: Random): Tree => {
  const depth = random.chance(0.1) ? 100_000 : random.chance(0.2) ? 5000 : 50
  return random.chance(0.5)
    ? raw(`${"[".repeat(depth)}${"]".repeat(depth)}`)
    : raw(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)
}

/** Any JSON, small most of the time. */
export const anyTree = (random: Random, depth = 0): Tree => {
  if (depth > 4 || random.chance(0.4)) return scalar(random)
  if (random.chance(0.004)) return deep(random)
  const several = (limit: number) => Array.from({ length: random.below(limit) })
  switch (random.below(5)) {
    case 0:
    case 1:
      return { kind: "list", items: several(4).map(() => anyTree(random, depth + 1)) }
    case 2:
      return { kind: "text", inner: [anyTree(random, depth + 1)] }
    default:
      return {
        kind: "object",
        entries: several(5).map(() => [random.pick(keys), anyTree(random, depth + 1)])
      }
  }
}

/** No text in JavaScript may have more than half a gigabyte. */
const longestCopies = 8_000_000

const copies = (tree: Tree, count: number): ReadonlyArray<Tree> =>
  Array.from({ length: Math.min(count, 1 + longestCopies / write(tree).length) }, () => tree)

/** Spoils one place of the tree, which is changed in place; gives what stands there afterwards. */
export const spoil = (tree: Tree, random: Random): Tree => {
  const top: Array<Tree> = [tree]
  const places: Array<Place> = [
    { get: () => top[0]!, set: (next) => (top[0] = next), around: undefined, index: 0 }
  ]
  placesIn(tree, places)
  const place = random.pick(places)
  const { around, index } = place
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      place.set(scalar(random))
      break
    case 3:
      place.set(anyTree(random))
      break
    case 4:
      place.set({ kind: "text", inner: [place.get()] })
      break
    case 5:
      place.set({ kind: "list", items: [place.get()] })
      break
    case 6:
      if (around?.kind === "object") around.entries.splice(index, 1)
      if (around?.kind === "list") around.items.splice(index, 1)
      break
    case 7:
      if (around?.kind === "object") around.entries[index]![0] = random.pick(keys)
      break
    case 8:
      // The same key twice: the last one counts.
      if (around?.kind === "object") {
        around.entries.push([
          around.entries[index]![0],
          random.chance(0.5) ? scalar(random) : place.get()
        ])
      }
      if (around?.kind === "list") {
        // Many of many would be too many.
        around.items.push(...copies(place.get(), places.length > 500 ? 1 : manySometimes(random)))
      }
      break
    case 9:
      if (around?.kind === "object") around.entries.push([random.pick(keys), anyTree(random)])
      if (around?.kind === "text") around.inner.push(scalar(random))
      break
    case 10: {
      // A shallow copy: what stands inside itself would have no end.
      const other = random.pick(places).get()
      if (other.kind === "raw") place.set(other)
      else place.set(raw(write(other)))
      break
    }
    default:
      if (random.chance(0.05)) place.set(deep(random))
      else place.set(raw(random.pick(noJson)))
  }
  return top[0]!
}
