/** A data directory that has something to lose, and how it is looked at. */
import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { mount, serving, temporaryDirectory } from "../node/local/life.js"
import { readTree } from "../node/local/trees.js"
import * as Wire from "../node/local/wire.js"

const script = `
  const [state, ...statements] = process.argv.slice(1)
  const client = require("@libsql/client").createClient({ url: state })
  const all = async () => {
    for (const statement of statements) await client.execute(statement)
    client.close()
  }
  void all()
`

/**
 * Has a state file carry out statements, in a process of its own: a connection that was closed may
 * live on until it is collected as garbage, and take the log along then.
 */
export const execute = (state: string, ...statements: ReadonlyArray<string>) =>
  Effect.sync(() => {
    // The driver is a package of `packages/node`, and not one of the whole.
    const cwd = fileURLToPath(new URL("../../packages/node", import.meta.url))
    execFileSync(process.execPath, ["-e", script, pathToFileURL(state).href, ...statements], {
      cwd
    })
  })

export interface Place {
  readonly directory: string
  readonly state: string
  readonly contextId: string
  /** A session. */
  readonly id: string
}

/** A copy, of which this process has not had any file open: that would hide the damage. */
export const copied = Effect.fnUntraced(function* (place: Place) {
  const directory = yield* temporaryDirectory
  NodeFs.cpSync(place.directory, directory, { recursive: true, preserveTimestamps: true })
  return { ...place, directory, state: `${directory}/state.sqlite` }
})

/** At the server at hand: a context, a session and a stored file. */
export const work = Effect.gen(function* () {
  const contextId = yield* Wire.createContext("kept")
  const id = yield* Wire.createSession({ contextId, path: mount })
  yield* Wire.tool(id, "write_file", { path: `${mount}/a`, content: "1" })
  yield* Wire.sync(id)
  return { contextId, id }
})

/** The logs beside a state file. */
export const logs = ["-wal", "-shm"]

/** State and log, in bytes. A log that is missing says the same as an empty one. */
export const bytesOf = ({ state }: Place) =>
  [state, `${state}-wal`].map((path) =>
    NodeFs.existsSync(path) ? NodeFs.readFileSync(path).toString("latin1") : ""
  )

/** A data directory at rest, in whose state file stands all of its state. */
export const worked = Effect.gen(function* () {
  const original = yield* temporaryDirectory
  const ids = yield* work.pipe(serving(original))
  const state = `${original}/state.sqlite`
  yield* execute(state, "PRAGMA wal_checkpoint(TRUNCATE)")
  const place = yield* copied({ directory: original, state, ...ids })
  for (const end of logs) NodeFs.rmSync(place.state + end, { force: true })
  return place
})

export const filesOf = ({ directory }: Place) =>
  ["contexts", "sessions"].map((name) =>
    NodeFs.existsSync(`${directory}/${name}`) ? readTree(`${directory}/${name}`) : undefined
  )

/** What is there is still known. */
export const isKnown = ({ contextId, id }: Place) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* Wire.createContext("kept"), contextId)
    const read = yield* Wire.tool(id, "read_file", { path: `${mount}/a` })
    assert.strictEqual(read.text, "1")
    const [task] = yield* Wire.info(id, { TaskType: "upload" })
    assert.strictEqual(task?.status, "Success")
  })

/** Asks a server what it holds: whatever it answers, it is no failure of its own. */
const look = ({ contextId }: Place) =>
  Effect.gen(function* () {
    const answers = [
      yield* Wire.request("ListContexts", { MaxResults: "10" }),
      yield* Wire.request("ListSession", { Labels: "{}" }),
      yield* Wire.request("GetContextFileDownloadUrl", {
        ContextId: contextId,
        FilePath: `${mount}/a`
      })
    ]
    for (const { body, status } of answers) assert.isBelow(status, 500, JSON.stringify(body))
    const url = Wire.at(answers[2]?.body, "Data")
    if (typeof url !== "string") return
    const got = yield* Effect.promise(() => fetch(url))
    assert.isBelow(got.status, 500)
  })

/** Starts, and asks what is there. */
export const visit = (place: Place) => look(place).pipe(serving(place.directory), Effect.either)

const start = ({ directory }: Place) => Effect.void.pipe(serving(directory), Effect.either)

/** Refuses to start, says a word for it, and touches nothing. */
export const refuses = Effect.fnUntraced(function* (
  place: Place,
  reason: LocalAgentBay.LocalAgentBayError["reason"],
  ...words: ReadonlyArray<string>
) {
  const before = [filesOf(place), bytesOf(place)]
  const started = yield* start(place)
  assert.isTrue(Either.isLeft(started), "it started")
  if (Either.isRight(started)) return
  assert.strictEqual(started.left.reason, reason)
  for (const word of words) assert.include(started.left.message, word)
  assert.isTrue(isDeepStrictEqual([filesOf(place), bytesOf(place)], before), "it was touched")
})

/** What a refusal tells to do. */
export const putBack = ({ state }: Place, copy: Buffer) => {
  for (const end of ["", ...logs]) NodeFs.rmSync(state + end, { force: true })
  NodeFs.writeFileSync(state, copy)
}

export const wayOut = "Put back a copy of state.sqlite"
