/**
 * `agentbay sync`: transfer the contexts of a session and wait for the end, now or later.
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
import * as DetachedSync from "./DetachedSync.js"
import { Environment } from "./Environment.js"
import { type CommandFailed, UsageError } from "./Failure.js"
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

const show = Effect.fnUntraced(function* (
  sessionId: string,
  result: ContextSyncResult,
  json: boolean
) {
  const screen = yield* Screen
  if (json) return yield* screen.print(JSON.stringify(Tasks.resultToJson(sessionId, result)))
  const table = yield* Tasks.table(result.contextStatusData, yield* screen.stdout)
  const untouched = result.untouched.map(
    ({ contextId, path }) => `No task was seen for ${contextId} at ${path}.`
  )
  yield* screen.print([...(table === "" ? [] : [table]), verdict(result), ...untouched].join("\n"))
})

interface Given {
  readonly session: Option.Option<string>
  readonly all: boolean
  readonly context: Option.Option<string>
  readonly path: Option.Option<string>
  readonly mode: Option.Option<"upload" | "download">
  readonly timeout: Option.Option<Duration.Duration>
  readonly detach: boolean
  readonly resume: Option.Option<string>
}

/** What is to be done. */
type Plan =
  | { readonly _tag: "All" }
  | {
      readonly _tag: "Sync" | "Detach"
      readonly sessionId: string
      readonly target: ContextManager.SyncTarget
    }
  | { readonly _tag: "Resume"; readonly sessionId: string; readonly token: string }

const refuse = (message: string) => Effect.fail(new UsageError({ message }))

/** All that the token says already, or that has no place in it. */
const besideToken = (given: Given): ReadonlyArray<string> => [
  ...(given.all ? ["--all"] : []),
  ...(Option.isSome(given.context) ? ["--context"] : []),
  ...(Option.isSome(given.path) ? ["--path"] : []),
  ...(Option.isSome(given.mode) ? ["--mode"] : []),
  ...(given.detach ? ["--detach"] : [])
]

const resumePlan = Effect.fnUntraced(function* (
  given: Given,
  token: string
): Effect.fn.Return<Plan, CommandFailed | UsageError> {
  const unwanted = besideToken(given)
  if (unwanted.length > 0) {
    return yield* refuse(
      `--resume goes on with what was started, without ${unwanted.join(" and ")}`
    )
  }
  if (Option.isNone(given.session)) {
    return yield* refuse("--resume needs the --session that the token is about")
  }
  return {
    _tag: "Resume",
    sessionId: given.session.value,
    // Before there is a server: whoever writes the token may still have the data directory.
    token: yield* DetachedSync.readToken(token)
  }
})

const planOf = Effect.fnUntraced(function* (
  given: Given
): Effect.fn.Return<Plan, CommandFailed | UsageError> {
  const { all, detach, resume, session, timeout } = given
  if (Option.exists(timeout, (time) => Duration.lessThanOrEqualTo(time, Duration.zero))) {
    return yield* refuse("--timeout must be longer than no time at all")
  }
  if (Option.isSome(resume)) return yield* resumePlan(given, resume.value)
  const target = yield* targetOf(given.context, given.path)
  if (Option.isSome(session)) {
    return all
      ? yield* refuse("--all is every session, --session is one: give one of both")
      : { _tag: detach ? "Detach" : "Sync", sessionId: session.value, target }
  }
  if (!all) return yield* refuse("--session must name the session, or --all mean all of them")
  if (detach) return yield* refuse("--detach gives the token of one sync: it goes with --session")
  return target.contextId === undefined
    ? { _tag: "All" }
    : yield* refuse("--all syncs everything: --context and --path go with --session")
})

const perform = Effect.fnUntraced(function* (
  plan: Plan,
  options: {
    readonly mode: "upload" | "download"
    readonly wait: ContextManager.WaitOptions
    readonly json: boolean
  }
) {
  const { json, mode, wait } = options
  switch (plan._tag) {
    case "All":
      return yield* syncAll({ mode, ...wait }, json)
    case "Detach":
      return yield* DetachedSync.detach(plan.sessionId, { ...plan.target, mode, ...wait }, json)
    case "Sync": {
      const manager = yield* ContextManager.make({ sessionId: plan.sessionId })
      const all = { ...plan.target, mode, ...wait }
      const result = yield* Tasks.syncWithBar(`Syncing (${mode})`, manager, all)
      return yield* show(plan.sessionId, result, json)
    }
    case "Resume": {
      const result = yield* DetachedSync.resume(plan.sessionId, plan.token, wait)
      return yield* show(plan.sessionId, result, json)
    }
  }
})

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
      Options.optional
    ),
    timeout: Arguments.duration("timeout").pipe(
      Options.withDescription("How long it may take, such as 2m; with --all, each session"),
      Options.optional
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
    detach: Options.boolean("detach").pipe(
      Options.withDescription("Only start it, and write a token for --resume to stdout")
    ),
    resume: Options.text("resume").pipe(
      Options.withPseudoName("TOKEN"),
      Options.withDescription("Wait for what --detach has started; - reads the token from stdin"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, interval, json, maxRetries, ...given }) {
    const environment = yield* Environment
    const plan = yield* planOf(given)
    const wait = {
      maxRetries: Option.getOrUndefined(maxRetries),
      retryInterval: Option.getOrUndefined(interval),
      timeout: Option.getOrUndefined(given.timeout)
    }
    const mode = Option.getOrElse(given.mode, () => "upload" as const)
    yield* Effect.provide(perform(plan, { mode, wait, json }), environment.client(data))
  })
).pipe(Command.withDescription("Transfer the contexts of a session and wait for the end"))
