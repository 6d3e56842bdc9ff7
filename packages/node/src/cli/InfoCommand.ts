/**
 * `agentbay info`: what is being transferred, and what was.
 *
 * @since 0.1.0
 */
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { Screen } from "./Screen.js"
import * as Tasks from "./Tasks.js"

/**
 * The command.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "info",
  {
    session: Arguments.session,
    ...Arguments.target,
    type: Options.choice("type", ["upload", "download"]).pipe(
      Options.withDescription("Only tasks of this direction"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, json, path, session, type }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const { contextStatusData, requestId } = yield* ContextManager.make({
      sessionId: session
    }).pipe(
      Effect.flatMap((manager) =>
        manager.info({
          contextId: Option.getOrUndefined(context),
          path: Option.getOrUndefined(path),
          taskType: Option.getOrUndefined(type)
        })
      ),
      Effect.provide(environment.client(data))
    )
    if (json) {
      const tasks = contextStatusData.map(Tasks.toJson)
      return yield* screen.print(
        JSON.stringify({ sessionId: session, requestId, contextStatusData: tasks })
      )
    }
    if (contextStatusData.length === 0) return yield* screen.note("No tasks.")
    yield* screen.print(yield* Tasks.table(contextStatusData, yield* screen.stdout))
  })
).pipe(Command.withDescription("Show the transfer tasks of a session"))
