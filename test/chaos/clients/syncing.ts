import * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import type { ContextStatusData, SyncMode } from "@effect-agentbay/core/ContextStatus"
import type { Session } from "@effect-agentbay/core/Session"
import type { SyncTarget } from "@effect-agentbay/core/ContextManager"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { type Versions, versionsIn, writeVersion } from "../files.js"
import * as Model from "../model.js"
import { type Client, fail, inSession, mount, newVersion, stored, type World } from "../world.js"

/** What an archive holds; nothing when there is none. */
const versionsInArchive = (folder: string): Versions => {
  const archive = NodePath.join(folder, "agentbay-archive.tar.gz")
  const unpacked = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-chaos-"))
  try {
    if (NodeFs.existsSync(archive)) execFileSync("tar", ["-xzf", archive, "-C", unpacked])
    return versionsIn(unpacked)
  } finally {
    NodeFs.rmSync(unpacked, { recursive: true })
  }
}

export interface Options {
  readonly name: string
  readonly uploadMode: "File" | "Archive"
  readonly names: ReadonlyArray<string>
}

/** A folder that belongs to one session, and changes. */
const changing = (world: World, folder: () => string, names: ReadonlyArray<string>) => {
  const current = new Map<string, number>()
  return {
    current,
    change: (): void => {
      for (let count = 1 + world.random.below(6); count > 0; count--) {
        const name = world.random.pick(names)
        if (current.has(name) && world.random.chance(0.25)) {
          NodeFs.rmSync(NodePath.join(folder(), name))
          current.delete(name)
          continue
        }
        const version = newVersion()
        try {
          writeVersion(folder(), name, version)
          current.set(name, version)
        } catch {
          // The session itself met a full disk: what is left there is its own affair.
          NodeFs.rmSync(NodePath.join(folder(), name), { force: true })
          current.delete(name)
        }
      }
    }
  }
}

const taskOf = (
  tasks: ReadonlyArray<ContextStatusData>,
  type: string
): ContextStatusData | undefined => tasks.find((task) => task.taskType === type)

/** Whether a wait that went on at the next server ended well; it must say so truthfully. */
const endedWell = (
  world: World,
  name: string,
  exit: Exit.Exit<unknown, AgentBayError>
): boolean => {
  if (Exit.isSuccess(exit)) return true
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error?._tag === "SyncFailed" && world.isExcuse(error.message)) return false
  return fail(`${name}: the wait ended with ${Cause.pretty(exit.cause)}`)
}

/**
 * One of the two directions: who asks for its transfers, and what they make true when they end
 * well, whoever is told of it.
 */
interface Direction {
  readonly session: Session
  readonly mode: SyncMode
  /** Expects what is asked for now; gives back what acknowledges it. */
  readonly ask: () => () => void
}

/**
 * Transfers time and again. A wait that the death of the server cut short is taken up again with
 * its token, and the list of tasks has to tell the same as the answers did.
 */
const transfers = (world: World, name: string, target: SyncTarget, direction: Direction) => {
  const { ask, mode, session } = direction
  /** The sync that is under way, and the last task that ended well. */
  let token: string | undefined
  let acknowledged: string | undefined
  let acknowledge = () => {}

  const run = Effect.gen(function* () {
    acknowledge = ask()
    const handle = yield* session.contextManager.start({ ...target, mode })
    token = handle.token
    const { contextStatusData, outcome } = yield* handle.await
    if (outcome !== "Completed") fail(`${name}: a transfer ended with ${outcome}`)
    acknowledge()
    token = undefined
    acknowledged = taskOf(contextStatusData, mode)?.taskId
  })

  const checkTask = Effect.gen(function* () {
    const { contextStatusData } = yield* session.contextManager.info(target)
    const task = taskOf(contextStatusData, mode)
    if (task?.status === "Running") fail(`${name}: a task runs that no server carries out`)
    if (acknowledged === undefined) return
    if (task?.taskId === acknowledged) {
      if (task?.status === "Success") return
      if (!world.forgetsEnds) fail(`${name}: ${task?.status} after Success was told`)
    }
    if (task?.status === "Success") {
      acknowledge()
      // It says nothing of what changes from now on.
      acknowledged = task.taskId
    } else if (!world.isExcuse(task?.errorMessage ?? "")) fail(`${name}: ${task?.errorMessage}`)
  })

  const check = Effect.gen(function* () {
    if (token !== undefined) {
      const handle = yield* session.contextManager.resume(token)
      const exit = yield* Effect.exit(handle.await)
      if (endedWell(world, name, exit)) acknowledge()
      token = undefined
    }
    yield* checkTask
  })
  return { run, check }
}

/** Uploads from one session and downloads into another one. */
export const syncing = Effect.fnUntraced(function* (world: World, options: Options) {
  const { agentBay } = world
  const { name, names, uploadMode } = options
  const context = yield* agentBay.contexts.create(name)
  const bound = ContextSync.make(
    context.id,
    mount,
    SyncPolicy.make({ upload: { mode: uploadMode } })
  )
  const create = agentBay.create({ contexts: [bound], idleTimeout: "1 day" })
  const [writer, reader] = [yield* create, yield* create]
  const folder = inSession(world, writer.sessionId)
  const { change, current } = changing(world, () => folder, names)
  const store = Model.files()
  const copy = Model.files()
  const target = { contextId: context.id, path: mount }

  const upload = transfers(world, name, target, {
    session: writer,
    mode: "upload",
    ask: () => {
      change()
      store.expectAll(current)
      return () => store.acknowledgeAll(current)
    }
  })

  const download = transfers(world, `${name}, the copy`, target, {
    session: reader,
    mode: "download",
    ask: () => {
      const versions = [...store.acknowledged()]
      for (const [file, version] of versions) copy.expect(file, version)
      return () => {
        for (const [file, version] of versions) copy.acknowledge(file, version)
      }
    }
  })

  const client: Client = {
    name,
    step: Effect.suspend(() => (world.random.chance(0.6) ? upload.run : download.run)),
    check: Effect.gen(function* () {
      yield* upload.check
      yield* download.check
      const place = stored(world, context.id)
      store.check(name, uploadMode === "File" ? versionsIn(place) : versionsInArchive(place))
      copy.check(`${name}, the copy`, versionsIn(inSession(world, reader.sessionId)))
    })
  }
  return client
})

const isTransportError = ({ cause }: Exit.Failure<unknown, AgentBayError>): boolean =>
  Option.getOrUndefined(Cause.failureOption(cause))?._tag === "TransportError"

/** Waits on, whatever happens to the server: what it is told in the end has to be true. */
export const waiting = Effect.fnUntraced(function* (world: World, name: string) {
  const { agentBay, patient } = world
  const context = yield* agentBay.contexts.create(name)
  const bound = ContextSync.make(context.id, mount)
  const { sessionId } = yield* agentBay.create({ contexts: [bound], idleTimeout: "1 day" })
  const session = yield* patient.get(sessionId)
  const names = ["a", "b", "c", "large-d"]
  const { change, current } = changing(world, () => inSession(world, sessionId), names)
  const store = Model.files()
  let lived = 0

  const upload = Effect.gen(function* () {
    change()
    store.expectAll(current)
    const before = world.isDead()
    const exit = yield* Effect.exit(session.contextManager.sync())
    // Whether the request was taken by the server that died nobody knows.
    if (Exit.isFailure(exit) && isTransportError(exit)) return yield* exit
    if (endedWell(world, name, exit)) {
      store.acknowledgeAll(current)
      store.check(name, versionsIn(stored(world, context.id)))
    }
    if (!before && world.isDead()) lived += 1
    return undefined
  })

  const client: Client = {
    name,
    step: upload,
    check: Effect.sync(() => store.check(name, versionsIn(stored(world, context.id))))
  }
  return { client, lived: () => lived }
})
