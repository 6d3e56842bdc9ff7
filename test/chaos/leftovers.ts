/** What a server that has finished its work must not leave on the disk. */
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import * as Wire from "../node/local/wire.js"
import { fail, type World } from "./world.js"

/** The names in a folder; none when it is not there. */
export const namesIn = (folder: string): ReadonlyArray<string> =>
  NodeFs.existsSync(folder) ? NodeFs.readdirSync(folder) : []

/** Unfinished files, rubbish, and folders that the state does not know. */
const leftIn = ({ agentBay, directory }: Pick<World, "agentBay" | "directory">) =>
  Effect.gen(function* () {
    // What is on the disk now has been known for a while.
    const folders = {
      contexts: namesIn(`${directory}/contexts`),
      sessions: namesIn(`${directory}/sessions`)
    }
    const contexts = yield* Stream.runCollect(agentBay.contexts.list({ pageSize: 50 }))
    const sessions = yield* Stream.runCollect(agentBay.list())
    const known = new Set([
      ...[...contexts].map(({ id }) => id),
      ...[...sessions].map(({ sessionId }) => sessionId)
    ])
    return [
      ...["trash", "staging"].flatMap((name) => namesIn(`${directory}/${name}`)),
      ...[...folders.contexts, ...folders.sessions].filter((name) => !known.has(name))
    ]
  })

/** It may take the server a while to get there. */
export const leavesNothing = (
  world: Pick<World, "agentBay" | "directory">
): Effect.Effect<void, AgentBayError> => {
  let left: ReadonlyArray<string> = []
  return Wire.eventually(
    Effect.tap(leftIn(world), (names) =>
      Effect.sync(() => {
        left = names
      })
    ),
    (names) => names.length === 0
  ).pipe(
    Effect.timeoutOption("1 minute"),
    Effect.map((end) => (end._tag === "None" ? fail(`it left ${left.join()}`) : undefined))
  )
}
