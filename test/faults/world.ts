/** What the effects of the matrix are run with. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import type { AgentBayHttp } from "@effect-agentbay/core/AgentBayHttp"
import type * as Session from "@effect-agentbay/core/Session"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Good } from "./service.js"

/** What there is before the faults begin. */
export interface World {
  readonly agentBay: AgentBay.Service
  /** A session that has `target` bound to it. */
  readonly session: Session.Session
  readonly target: { readonly contextId: string; readonly path: string }
  /** A context that is bound to no session. */
  readonly other: string
  /** The ids of what there is, in words. */
  readonly nameOf: (id: string) => string
}

/** An effect, with what is to be told of its value. */
export type Run = Effect.Effect<unknown, AgentBayError, AgentBayHttp>

export interface Runnable {
  /** Gives what is run with faults. */
  readonly prepare: (world: World) => Effect.Effect<Run, AgentBayError>
  /** Where the service in memory is to say something else. */
  readonly good?: { readonly [action: string]: Good }
  /** The session has a direct link. */
  readonly linked?: boolean
}

export const running = (run: (world: World) => Run, good?: Runnable["good"]): Runnable => ({
  prepare: (world) => Effect.succeed(run(world)),
  ...(good === undefined ? {} : { good })
})

export const all = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** What is made once for many cells. */
export const makeContexts = Effect.gen(function* () {
  const { contexts } = yield* AgentBay.AgentBay
  const work = yield* contexts.getOrCreate("work")
  const other = yield* contexts.getOrCreate("other")
  return { work: work.id, other: other.id }
})

/** What each cell begins with. */
export const makeWorld = ({
  other,
  work
}: {
  readonly other: string
  readonly work: string
}): Effect.Effect<World, AgentBayError, AgentBay.AgentBay> =>
  Effect.gen(function* () {
    const agentBay = yield* AgentBay.AgentBay
    const target = { contextId: work, path: "/work" }
    const session = yield* agentBay.create({ contexts: [{ ...target, waitForDownload: false }] })
    const names = new Map([
      [other, "other"],
      [work, "work"],
      [session.sessionId, "the session"]
    ])
    const nameOf = (id: string) => names.get(id) ?? (id === "" ? "no id" : "a new one")
    return { agentBay, session, target, other, nameOf }
  })
