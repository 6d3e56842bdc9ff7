// How large the smallest program is: the figures of `pnpm size`, which tests hold to a budget.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { note } from "./measure.mjs"

const script = fileURLToPath(new URL("../../scripts/size.mjs", import.meta.url))

const figureOf = (text, line) => {
  const [, digits] = new RegExp(`^${line}\\s+([\\d,]+)`, "m").exec(text) ?? []
  if (digits === undefined) throw new Error(`the script for the size tells no "${line}"`)
  return Number(digits.replaceAll(",", ""))
}

export const run = async () => {
  // It says by its exit code that the budget is exceeded, which is for the tests to judge.
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    timeout: 60_000
  }).catch((error) => error)
  const kilobytes = (line) => figureOf(stdout, line) / 1000
  return {
    figures: [
      note("the smallest program, bundled, minified, gzipped", kilobytes("smallest program"), "kB"),
      note("of which more than Effect alone", kilobytes("above the floor"), "kB", 12),
      note("packages that come with core, itself included", figureOf(stdout, "packages"), "")
    ]
  }
}
