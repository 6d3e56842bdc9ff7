// Writes what docs/performance.md says in figures, from docs/performance/results.json alone.
// `node test/bench/page.mjs` writes it anew; with `--check` it only tells whether that would
// change anything.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { benchmarks } from "./benchmarks.mjs"
import { chartsOf } from "./charts.mjs"
import { reasonsFor } from "./reasons.mjs"
import { markdownTable } from "./table.mjs"

const docs = new URL("../../docs/", import.meta.url)
const resultsFile = new URL("performance/results.json", docs)
const pageFile = new URL("performance.md", docs)
const begin = "<!-- figures: written by `pnpm bench` -->"
const end = "<!-- end of figures -->"

const capital = (text) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase())

const machineText = ({ date, machine, versions }) => {
  const { cores, fileSystem, memoryGiB, processor, system } = machine
  const packages = Object.entries(versions)
    .filter(([name]) => name !== "node")
    .map(([name, version]) => `${name} ${version}`)
  return (
    `Measured on ${date} on ${cores} cores of ${processor} with ${memoryGiB} GiB ` +
    `(${system}, ${fileSystem}): Node ${versions.node}, ${packages.join(", ")}.`
  )
}

const section = (benchmark, { benchmarks, date }, drawn) => {
  const { charts = [], detail, name, text, title } = benchmark
  const data = benchmarks[name]
  const when = data.date === date ? undefined : `Measured on ${data.date}.`
  const images = charts
    .filter((chart) => drawn[chart] !== undefined)
    .map((chart) => `![${altOf(drawn[chart])}](performance/${chart}.svg)`)
  const figures = data.figures.map((figure) => ({ ...figure, title: capital(figure.title) }))
  return [
    `### ${title}`,
    text,
    when,
    markdownTable(figures),
    ...reasonsFor(name, data.figures),
    detail?.(data),
    ...images
  ]
    .filter((part) => part !== undefined)
    .join("\n\n")
}

// The title of a chart is the first bold text in it.
const altOf = (svg) => /<text[^>]*font-weight:bold[^>]*>([^<]*)</.exec(svg)?.[1] ?? "Chart"

/** The generated part of the page, and the files of its charts. */
export const render = (results) => {
  const drawn = chartsOf(results)
  const sections = benchmarks
    .filter(({ name }) => results.benchmarks[name] !== undefined)
    .map((benchmark) => section(benchmark, results, drawn))
  const files = Object.entries(drawn).map(([name, svg]) => [
    new URL(`performance/${name}.svg`, docs),
    svg
  ])
  return { files, text: [machineText(results), ...sections].join("\n\n") }
}

/** Everything that follows from the results: the page and the charts. */
const filesOf = (results) => {
  const { files, text } = render(results)
  const page = readFileSync(pageFile, "utf8")
  const [before, rest] = page.split(begin)
  const [, after] = rest?.split(end) ?? []
  if (after === undefined) throw new Error(`docs/performance.md has no place for the figures`)
  return [[pageFile, `${before}${begin}\n\n${text}\n\n${end}${after}`], ...files]
}

const write = (results) => {
  for (const [file, content] of filesOf(results)) writeFileSync(file, content)
}

/** Keeps results and writes what follows from them. */
export const writePage = (results) => {
  mkdirSync(new URL("performance/", docs), { recursive: true })
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  write(results)
}

const readIfThere = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** The results that the page is made of, if there are any. */
export const readResults = () => {
  const text = readIfThere(resultsFile)
  return text === undefined ? undefined : JSON.parse(text)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = JSON.parse(readFileSync(resultsFile, "utf8"))
  if (process.argv.includes("--check")) {
    const stale = filesOf(results).filter(([file, content]) => readIfThere(file) !== content)
    for (const [file] of stale) console.error(`not what the results say: ${fileURLToPath(file)}`)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else write(results)
}
