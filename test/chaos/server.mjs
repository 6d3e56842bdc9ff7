/**
 * A Local AgentBay that kills itself at a step its parent names: at the so-many-th rename, write,
 * commit, answer …, just before or just after it. A clock would seldom meet what lies between two
 * of them.
 */
import * as NodeFs from "node:fs"
import * as NodeFsPromises from "node:fs/promises"
import * as NodeHttp from "node:http"
import { createRequire, syncBuiltinESMExports } from "node:module"

let point
let delay = 2
let steps = 0

const dies = (kind, when) => {
  if (point === undefined || point.when !== when) return
  if (point.kind !== "any" && point.kind !== kind) return
  steps += 1
  if (steps === point.count) {
    NodeFs.writeSync(1, `died at ${kind}\n`)
    process.kill(process.pid, "SIGKILL")
  }
}

/** Counts the calls of a method; `isStep` says of a call whether it is such a step. */
const watch = (owner, name, kind, isStep = () => true) => {
  const original = owner[name]
  owner[name] = function (...args) {
    if (!isStep.call(this, args)) return original.apply(this, args)
    dies(kind, "before")
    const callback = args.at(-1)
    if (typeof callback === "function") {
      args[args.length - 1] = function (...results) {
        dies(kind, "after")
        return callback.apply(this, results)
      }
      return original.apply(this, args)
    }
    const result = original.apply(this, args)
    if (typeof result?.then === "function") {
      return result.then((value) => {
        dies(kind, "after")
        return value
      })
    }
    dies(kind, "after")
    return result
  }
}

const fs = createRequire(import.meta.url)("node:fs")
const kinds = {
  rename: ["renameSync", "rename"],
  write: ["writeSync", "write", "writeFile", "writeFileSync"],
  remove: ["rmSync", "rm", "unlinkSync", "unlink", "rmdirSync", "rmdir"],
  make: ["mkdirSync", "mkdir"],
  look: ["chmodSync", "chmod", "futimesSync", "fchmodSync", "opendir", "readdir"]
}
for (const [kind, names] of Object.entries(kinds)) {
  for (const name of names) {
    // What is written to standard output is no step.
    const isStep = kind === "write" ? ([file]) => file !== 1 : undefined
    watch(fs, name, kind, isStep)
    if (!name.endsWith("Sync") && name in fs.promises) watch(fs.promises, name, kind)
  }
}
syncBuiltinESMExports()

// Bodies of requests are written through a handle, whose class has no name of its own.
const handle = await NodeFsPromises.open(new URL(import.meta.url))
watch(Object.getPrototypeOf(handle), "writeFile", "write")
await handle.close()

watch(NodeHttp.ServerResponse.prototype, "end", "answer")

const nodePackage = createRequire(new URL("../../packages/node/package.json", import.meta.url))
const Database = createRequire(nodePackage.resolve("@libsql/client"))("libsql")
const prepare = Database.prototype.prepare
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql)
  // Within a transaction only its end is a step.
  const isStep = () =>
    /^\s*COMMIT/.test(sql) || (!this.inTransaction && !/^\s*(SELECT|BEGIN|PRAGMA)/.test(sql))
  watch(statement, "run", "commit", isStep)
  watch(statement, "all", "commit", isStep)
  return statement
}

// Commits wait for the next turn of the event loop. Here they wait a little longer, as on a
// slow disk, so that somebody has the time to be told of what is not written yet.
const { setImmediate } = globalThis
globalThis.setImmediate = (task, ...args) =>
  task.name === "writeAll" ? setTimeout(task, delay) : setImmediate(task, ...args)

const { Effect, LocalAgentBay, Redacted } = await import(process.argv[2])

const serve = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  process.send({ url: server.url, apiKey: Redacted.value(server.apiKey) })
  yield* Effect.never
})

const start = (options) =>
  Effect.runPromise(
    serve.pipe(
      Effect.provide(LocalAgentBay.layer(options)),
      Effect.catchTag("LocalAgentBayError", (error) =>
        Effect.sync(() => process.send({ refused: error.reason, message: error.message }))
      )
    )
  ).then(() => process.disconnect())

process.on("message", (message) => {
  if (message.die !== undefined) {
    steps = 0
    point = message.die
    delay = message.die.delay ?? 2
    process.send({ armed: true })
  }
  if (message.start !== undefined) void start(message.start)
})
process.send({ ready: true })
