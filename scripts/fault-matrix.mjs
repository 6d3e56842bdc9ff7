// Writes the fault matrix of docs/reliability.md from its table in test/faults; with `--check` it
// only tells whether that would change anything.
import { build } from "esbuild"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const file = new URL("../docs/reliability.md", import.meta.url)
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../test/faults/page.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false
})
const source = Buffer.from(outputFiles[0].contents).toString("base64")
const { begin, end, page } = await import(`data:text/javascript;base64,${source}`)

const text = readFileSync(file, "utf8")
const [before, rest] = text.split(begin)
const after = rest?.split(end)[1]
if (after === undefined)
  throw new Error("docs/reliability.md has lost the marks of the fault matrix")
const written = `${before}${page()}${after}`
if (process.argv.includes("--check")) {
  if (written !== text) {
    console.error("The fault matrix is out of date: node scripts/fault-matrix.mjs")
    process.exitCode = 1
  }
} else {
  writeFileSync(file, written)
}
