/** What all clients of a server that keeps dying have in common. */
import type * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { contentOf } from "./files.js"
import type { Random } from "../random.js"

export interface World {
  readonly directory: string
  readonly random: Random
  /** Gives up when the server is gone. */
  readonly agentBay: AgentBay.Service
  /** Goes on asking. */
  readonly patient: AgentBay.Service
  /** Whether the server has died in this round. */
  readonly isDead: () => boolean
  /** Whether a transfer may have failed with these words. */
  readonly isExcuse: (message: string) => boolean
  /** Whether the end of a transfer may not have been written, since the disk was full. */
  readonly forgetsEnds: boolean
}

export interface Client {
  readonly name: string
  /** Does one thing; what it was told is compared at the next check, whether it failed or not. */
  readonly step: Effect.Effect<void, AgentBayError>
  /** At the next server: compares what there is with what was acknowledged. */
  readonly check: Effect.Effect<void, AgentBayError>
}

/** A client that failed says why, typed; and nothing else broke. */
export const checkEnd = (
  name: string,
  exit: Exit.Exit<unknown, AgentBayError>,
  isDue: (error: AgentBayError) => boolean
): void => {
  if (Exit.isSuccess(exit)) return
  const failures = [...Cause.failures(exit.cause)]
  if (failures.length > 0 && failures.every(isDue) && [...Cause.defects(exit.cause)].length === 0) {
    return
  }
  throw new Error(`${name} ended with ${Cause.pretty(exit.cause)}`)
}

export const mount = "/home/wuying/work"

let versions = 0

/** Another one each time, over all files. */
export const newVersion = (): number => ++versions

export const fail = (what: string): never => {
  throw new Error(what)
}

type Place = Pick<World, "directory">

export const stored = (world: Place, contextId: string): string =>
  `${world.directory}/contexts/${contextId}/files${mount}`

export const inSession = (world: Place, sessionId: string): string =>
  `${world.directory}/sessions/${sessionId}/root${mount}`

/** Stores a new version of a file; answers with it. */
export const put = (world: World, contextId: string, name: string, version: number) =>
  world.agentBay.contexts.files.put(contextId, `${mount}/${name}`, contentOf(name, version))
