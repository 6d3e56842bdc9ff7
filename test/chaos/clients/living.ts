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

  const release = Effect.fnUntraced(function* (at: Session) {
    releasing = true
    const versions = held.acknowledged()
    store.expectAll(versions)
    yield* at.delete()
    store.acknowledgeAll(versions)
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
      for (const id of ids) {
        yield* Wire.eventually(isGone(id), (gone) => gone)
        yield* Wire.eventually(
          Effect.sync(() => NodeFs.existsSync(`${world.directory}/sessions/${id}`)),
          (exists) => !exists
        )
      }
      // Released or not: what the session had acknowledged is stored now.
      if (mine !== undefined) store.acknowledgeAll(held.acknowledged())
      store.check(name, versionsIn(stored(world, contextId)))
      ended.length = 0
      session = undefined
      releasing = false
    })
  }
  return client
})
