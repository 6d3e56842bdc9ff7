import { assert, describe, it } from "@effect/vitest"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { documentBlocks, documents, placeOf, read, root } from "./blocks.js"

const withoutBlocks = (text: string) => text.replace(/^(`{3,}).*?^\1$/gms, "")

/** The anchors that the headings of a page have on a code forge. */
const anchorsOf = (file: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const [, heading = ""] of withoutBlocks(read(file)).matchAll(/^#+ +(.+?) *$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    const anchor = text.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-")
    let unique = anchor
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`
    anchors.add(unique)
  }
  return anchors
}

const links = documents.flatMap((file) =>
  [...withoutBlocks(read(file)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(https?|mailto):/.test(target))
    .map((target) => [`${file}: ${target}`, file, target] as const)
)

describe("links inside the project lead somewhere", () => {
  it.each(links)("%s", (_, file, target) => {
    const [path = "", anchor] = target.split("#")
    const found = path === "" ? file : NodePath.posix.join(NodePath.posix.dirname(file), path)
    assert.isFalse(found.startsWith(".."), "it leads out of the project")
    assert.isTrue(NodeFs.existsSync(NodePath.join(root, found)), `there is no ${found}`)
    if (anchor !== undefined) {
      assert.isTrue(anchorsOf(found).has(anchor), [...anchorsOf(found)].join(", "))
    }
  })
})

describe("pages are fit for everyone", () => {
  it.each(documents.map((file) => [file] as const))("%s names no path of one machine", (file) => {
    const text = read(file)
    assert.isFalse(text.includes(root.slice(0, -1)), "the path of this workspace")
    assert.isNull(text.match(/\/(?:Users|home\/(?!wuying\b))\/?[^\s`'")]*/g))
  })

  const json = documentBlocks.filter(({ words }) => words[0] === "json")

  it.each(json.map((block) => [placeOf(block), block.code] as const))("%s is JSON", (_, code) => {
    assert.doesNotThrow(() => JSON.parse(code))
  })
})
