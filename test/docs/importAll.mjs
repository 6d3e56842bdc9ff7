// Imports the modules that are named, all at the same time, and reports on stderr what
// went wrong with which of them. A module that runs a program awaits it at its top level.
import { pathToFileURL } from "node:url"

const faults = new Map(process.argv.slice(2).map((path) => [path, "did not end"]))
const textOf = (fault) => (fault instanceof Error ? fault.stack : String(fault))

process.on("unhandledRejection", (fault) => faults.set("unhandled", textOf(fault)))
process.on("exit", () => {
  process.stderr.write(`\nREPORT ${JSON.stringify([...faults])}\n`)
  process.exitCode = 0
})

await Promise.all(
  [...faults.keys()].map((path) =>
    import(pathToFileURL(path).href).then(
      () => faults.delete(path),
      (fault) => faults.set(path, textOf(fault))
    )
  )
)
