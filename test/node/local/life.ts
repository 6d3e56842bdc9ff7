import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import * as Wire from "./wire.js"

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay life "))),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

/** Runs a server on a directory for as long as the effect takes. */
export const serving =
  (dataDirectory: string, options: LocalAgentBay.Options = {}) =>
  <A, E>(effect: Effect.Effect<A, E, LocalAgentBay.LocalAgentBay>) =>
    Effect.provide(effect, LocalAgentBay.layer({ dataDirectory, ...options }))

/** Collects what is logged, instead of writing it down. */
export const collecting = () => {
  const seen: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) =>
    seen.push(`${logLevel.label} ${[message].flat().map(String).join(" ")}`)
  )
  /** Waits until something is logged. */
  const first = Effect.map(
    Wire.eventually(
      Effect.sync(() => seen),
      ({ length }) => length > 0
    ),
    ([line = ""]) => line
  )
  return { first, seen, layer: Logger.replace(Logger.defaultLogger, logger) }
}

export const mount = "/home/wuying/work"

/** So many files that their transfer can be met while it runs; links are made fastest. */
export const writeMany = (folder: string, count: number) => {
  NodeFs.writeFileSync(`${folder}/0`, "x")
  for (let index = 1; index < count; index++) {
    NodeFs.linkSync(`${folder}/0`, `${folder}/${index}`)
  }
}

/** A session with so many files in its only binding. */
export const sessionWithFiles = Effect.fnUntraced(function* (count: number) {
  const server = yield* LocalAgentBay.LocalAgentBay
  const contextId = yield* Wire.createContext("c")
  const id = yield* Wire.createSession({ contextId, path: mount })
  writeMany(server.sessionDirectory(id) + mount, count)
  return { contextId, id, server }
})

export const isUnderWay = (items: ReadonlyArray<Wire.Item>) => {
  const upload = items.find((item) => item.taskType === "upload")
  if (upload !== undefined && upload.status !== "Running") throw new Error("too few files")
  return upload !== undefined && upload.filesDone > 0 && upload.filesDone < upload.filesTotal
}

export const many = 10_000

export const stopped = "the server stopped while this transfer ran"
