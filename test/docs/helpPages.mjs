// Prints every help page of the command line, all of them from one process: the first says
// which commands there are. The pages come as a JSON object by the words of the command.
import * as Effect from "effect/Effect"
import { pathToFileURL } from "node:url"

const { main } = await import(pathToFileURL(process.argv[2]).href)

// Each run of the program listens for the faults of its output, for the rest of the process.
process.stdout.setMaxListeners(0)
process.stderr.setMaxListeners(0)

const read = async (words) => {
  const pieces = []
  const write = process.stdout.write
  const log = console.log
  console.log = (...texts) => pieces.push(...texts, "\n")
  process.stdout.write = (text, done) => {
    pieces.push(String(text))
    done?.()
    return true
  }
  process.argv = [process.argv[0], "agentbay", ...words, "--help"]
  const code = await Effect.runPromise(main)
  process.stdout.write = write
  console.log = log
  if (code !== 0) throw new Error(`agentbay ${words.join(" ")} --help ended with ${code}`)
  return pieces.join("")
}

const program = await read([])
const [, list = ""] = /^Commands\n((?: .*\n)+)/m.exec(program) ?? []
const pages = {}
for (const [, name] of list.matchAll(/^ {2}(\S+(?: \S+)*) {2,}\S/gm)) {
  pages[name] = await read(name.split(" "))
}
console.log(JSON.stringify(pages))
