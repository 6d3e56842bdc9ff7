import type { Session } from "@effect-agentbay/core/Session"
import * as ContextSync from "@effect-agentbay/core/ContextSync"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import * as Wire from "../../node/local/wire.js"
import { contentOf, versionsIn } from "../files.js"
import * as Model from "../model.js"
import { type Client, fail, inSession, mount, newVersion, stored, type World } from "../world.js"

/** Creates a session, writes files in it and releases it, which stores them; and again. */
export const living = Effect.fnUntraced(function* (world: World, name: string) {
  const { agentBay, random } = world
  const { id: contextId } = yield* agentBay.contexts.create(name)
  const labels = { chaos: name }
  const store = Model.files()
  /** The session at hand: what it holds, and how far it is. */
  let session: Session | undefined
  let held = Model.files()
  let releasing = false
  const ended: Array<string> = []

  const write = Effect.fnUntraced(function* (at: Session, file: string) {
    const version = newVersion()
    held.expect(file, version)
    yield* at.files.write(`${mount}/${file}`, contentOf(file, version).toString())
    held.acknowledge(file, version)
  })

  /**
   * On a full disk a released session may keep what could not be stored: then all of it is still
   * in its folder. It is taken away, as somebody would who has read the reason of its end.
   */
  const isKept = (id: string): boolean => {
    const there = versionsIn(stored(world, contextId))
    const versions = held.acknowledged()
    if (
      !world.forgetsEnds ||
      [...versions].every(([file, version]) => there.get(file) === version)
    ) {
      return false
    }
    held.check(`${name}, what was kept`, versionsIn(inSession(world, id)))
    NodeFs.rmSync(`${world.directory}/sessions/${id}`, { recursive: true })
    return true
  }

  const release = Effect.fnUntraced(function* (at: Session) {
    releasing = true
    const versions = held.acknowledged()
    store.expectAll(versions)
    yield* at.delete()
    if (!isKept(at.sessionId)) store.acknowledgeAll(versions)
    ended.push(at.sessionId)
    session = undefined
    releasing = false
  })

  const life = Effect.gen(function* () {
    held = Model.files()
    session = yield* agentBay.create({
      contexts: [ContextSync.make(contextId, mount)],
      idleTimeout: "1 day",
      labels
    })
    // Those of the sessions before are there.
    held.acknowledgeAll(store.acknowledged())
    held.check(`${name}, a new session`, versionsIn(inSession(world, session.sessionId)))
    for (const file of ["a", "b", "c"].slice(random.below(3))) yield* write(session, file)
    yield* release(session)
  })

  /** Nobody ever learnt of this session, or it was to live on; now its time is over. */
  const end = Effect.fnUntraced(function* (id: string, status: string) {
    const isMine = id === session?.sessionId
    if (isMine && !releasing && status !== "RUNNING") fail(`${name}: a session is ${status}`)
    if (status === "RUNNING") {
      if (isMine) {
        held.check(`${name}, the session`, versionsIn(inSession(world, id)))
        store.expectAll(held.acknowledged())
      }
      const left = yield* agentBay.get(id)
      yield* left.delete()
    }
    ended.push(id)
  })

  const isGone = (id: string) =>
    agentBay.get(id).pipe(
      Effect.flatMap((left) => left.status),
      Effect.map((status) => status === "FINISH"),
      Effect.catchTag("ApiError", () => Effect.succeed(true))
    )

  const client: Client = {
    name,
    step: life,
    check: Effect.gen(function* () {
      const alive = [...(yield* Stream.runCollect(agentBay.list({ labels })))]
      for (const id of ended) {
        if (alive.some(({ sessionId }) => sessionId === id)) fail(`${name}: a released session`)
      }
      const mine = session
      if (
        mine !== undefined &&
        !releasing &&
        !alive.some(({ sessionId }) => sessionId === mine.sessionId)
      ) {
        fail(`${name}: a session is gone`)
      }
      for (const { sessionId, status } of alive) yield* end(sessionId, status)
      const ids = mine === undefined ? ended : [...ended, mine.sessionId]
      let kept = false
      for (const id of ids) {
        yield* Wire.eventually(isGone(id), (gone) => gone)
        if (id === mine?.sessionId) kept = isKept(id)
        yield* Wire.eventually(
          Effect.sync(() => NodeFs.existsSync(`${world.directory}/sessions/${id}`)),
          (exists) => !exists
        )
      }
      // Released or not: what the session had acknowledged is stored now.
      if (mine !== undefined && !kept) store.acknowledgeAll(held.acknowledged())
      store.check(name, versionsIn(stored(world, contextId)))
      ended.length = 0
      session = undefined
      releasing = false
    })
  }
  return client
})
