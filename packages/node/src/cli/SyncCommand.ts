/**
 * `agentbay sync`: transfer the contexts of a session and wait for the end.
 *
 * @since 0.1.0
 */
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import type { ContextSyncResult } from "@effect-agentbay/core/ContextStatus"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { UsageError } from "./Failure.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import { syncAll } from "./SyncAll.js"
import * as Tasks from "./Tasks.js"

const targetOf = (
  context: Option.Option<string>,
  path: Option.Option<string>
): Effect.Effect<ContextManager.SyncTarget, UsageError> => {
  if (Option.isSome(context) && Option.isSome(path)) {
    return Effect.succeed({ contextId: context.value, path: path.value })
  }
  return Option.isNone(context) && Option.isNone(path)
    ? Effect.succeed({})
    : Effect.fail(
        new UsageError({
          message: "--context and --path go together: give both, or neither for all contexts"
        })
      )
}

const verdict = (result: ContextSyncResult): string =>
  result.outcome === "Completed"
    ? `Completed in ${Quantity.duration(Duration.toMillis(result.elapsed))}.`
    : "Nothing to sync: the service showed no task for it."

const show = Effect.fnUntraced(function* (result: ContextSyncResult) {
  const screen = yield* Screen
  const table = yield* Tasks.table(result.contextStatusData, yield* screen.stdout)
  const untouched = result.untouched.map(
    ({ contextId, path }) => `No task was seen for ${contextId} at ${path}.`
  )
  yield* screen.print([...(table === "" ? [] : [table]), verdict(result), ...untouched].join("\n"))
})

/** What is meant: the one session, or nothing for all of them. */
const checkSessions = (options: {
  readonly all: boolean
  readonly session: Option.Option<string>
  readonly target: ContextManager.SyncTarget
}): Effect.Effect<string | undefined, UsageError> => {
  const refuse = (message: string) => Effect.fail(new UsageError({ message }))
  if (Option.isSome(options.session)) {
    return options.all
      ? refuse("--all is every session, --session is one: give one of both")
      : Effect.succeed(options.session.value)
  }
  if (!options.all) return refuse("--session must name the session, or --all mean all of them")
  return options.target.contextId === undefined
    ? Effect.succeed(undefined)
    : refuse("--all syncs everything: --context and --path go with --session")
}

/**
 * The command.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "sync",
  {
    session: Options.optional(Arguments.session),
    all: Options.boolean("all").pipe(
      Options.withDescription("All contexts of all sessions that run, one result for each")
    ),
    ...Arguments.target,
    mode: Options.choice("mode", ["upload", "download"]).pipe(
      Options.withDescription("The direction: session to store (default), or store to session"),
      Options.withDefault("upload" as const)
    ),
    maxRetries: Options.integer("max-retries").pipe(
      Options.withPseudoName("N"),
      Options.withDescription("How many times to ask for the status after the first time"),
      Options.optional
    ),
    interval: Arguments.duration("interval").pipe(
      Options.withDescription("The time between two status requests, such as 500ms or 2s"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({
    all,
    context,
    data,
    interval,
    json,
    maxRetries,
    mode,
    path,
    session
  }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const target = yield* targetOf(context, path)
    const sessionId = yield* checkSessions({ all, session, target })
    const spacing = {
      maxRetries: Option.getOrUndefined(maxRetries),
      retryInterval: Option.getOrUndefined(interval)
    }
    if (sessionId === undefined) {
      return yield* Effect.provide(syncAll({ mode, ...spacing }, json), environment.client(data))
    }
    const result = yield* ContextManager.make({ sessionId }).pipe(
      Effect.flatMap((manager) =>
        Tasks.syncWithBar(`Syncing (${mode})`, manager, { ...target, mode, ...spacing })
      ),
      Effect.provide(environment.client(data))
    )
    yield* json ? screen.print(JSON.stringify(Tasks.resultToJson(sessionId, result))) : show(result)
  })
).pipe(Command.withDescription("Transfer the contexts of a session and wait for the end"))
