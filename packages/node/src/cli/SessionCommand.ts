/**
 * `agentbay session`: create, list and delete sessions, with what can be done to one that runs.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { UsageError } from "./Failure.js"
import * as Listing from "./Listing.js"
import * as ProgressBar from "./ProgressBar.js"
import { Screen } from "./Screen.js"
import * as SessionStateCommand from "./SessionStateCommand.js"
import * as ShellCommand from "./ShellCommand.js"
import * as Style from "./Style.js"
import * as Table from "./Table.js"
import * as Tasks from "./Tasks.js"

const createSession = Effect.fnUntraced(function* (options: {
  readonly mounts: ReadonlyArray<Arguments.Mount>
  readonly labels: { readonly [name: string]: string }
  readonly image: Option.Option<string>
}) {
  const agentBay = yield* AgentBay.AgentBay
  const bindings = yield* Effect.forEach(options.mounts, ({ name, path }) =>
    Effect.map(agentBay.contexts.getOrCreate(name), ({ id }): SessionStateCommand.Mounted => ({
      contextId: id,
      contextName: name,
      path
    }))
  )
  const session = yield* agentBay.create({
    contexts: bindings.map(({ contextId, path }) => ({ contextId, path })),
    labels: options.labels,
    imageId: Option.getOrUndefined(options.image)
  })
  return { bindings, session }
})

/**
 * `session create`.
 *
 * @since 0.1.0
 */
export const create = Command.make(
  "create",
  {
    mounts: Arguments.mounts,
    labels: Arguments.labels,
    image: Options.text("image").pipe(
      Options.withPseudoName("ID"),
      Options.withDescription("The image to start (default: the service's)"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, ...options }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const created = createSession(options)
    const { bindings, session } = yield* Effect.provide(
      // Without contexts there is nothing to wait for.
      options.mounts.length === 0
        ? created
        : ProgressBar.during("Creating the session", () => created),
      environment.client(data)
    )
    if (json) {
      const { resourceUrl, sessionId } = session
      return yield* screen.print(
        JSON.stringify({
          sessionId,
          resourceUrl: resourceUrl ?? null,
          bindings,
          labels: options.labels
        })
      )
    }
    const surface = yield* screen.stderr
    const style = Style.of(surface)
    const table = Table.render(SessionStateCommand.bindingColumns, bindings, {
      columns: surface.columns,
      style
    })
    if (table.length > 0) yield* screen.note(table.join("\n"))
    // Alone on stdout, so that a script can take it.
    yield* screen.print(session.sessionId)
  })
).pipe(Command.withDescription("Create a session and write its id to stdout"))

const states = ["RUNNING", "PAUSING", "PAUSED", "RESUMING", "DELETING", "DELETED"] as const

const statusPaint = ({ status }: AgentBay.SessionSummary, style: Style.Style) =>
  status === "RUNNING" ? style.good : style.busy

const sessionColumns: ReadonlyArray<Table.Column<AgentBay.SessionSummary>> = [
  { heading: "SESSION", text: ({ sessionId }) => sessionId, cut: "middle" },
  { heading: "STATUS", text: ({ status }) => status, paint: statusPaint }
]

/**
 * `session list`.
 *
 * @since 0.1.0
 */
export const list = Command.make(
  "list",
  {
    labels: Arguments.labels,
    status: Options.choice("status", states).pipe(
      Options.withDescription("Only sessions in this state"),
      Options.optional
    ),
    ...Listing.paging,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, labels, status, ...paging }) {
    const environment = yield* Environment
    yield* Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const sessions = agentBay.list({
        labels,
        status: Option.getOrUndefined(status),
        pageSize: Math.max(1, paging.pageSize)
      })
      yield* Listing.show(sessions, {
        paging,
        json,
        toJson: (session) => session,
        columns: sessionColumns,
        nothing: "No sessions."
      })
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("List the sessions"))

const checkForce = (options: { readonly force: boolean; readonly sync: boolean }) =>
  options.force && !options.sync
    ? Effect.fail(
        new UsageError({
          message: "--force is about a failed sync: it goes together with --sync"
        })
      )
    : Effect.void

/**
 * `session delete`.
 *
 * @since 0.1.0
 */
export const remove = Command.make(
  "delete",
  {
    id: Arguments.sessionArgument,
    sync: Options.boolean("sync").pipe(
      Options.withDescription("Upload all contexts first; when that fails, the session is kept")
    ),
    force: Options.boolean("force").pipe(
      Options.withDescription("With --sync: delete the session even when the upload failed")
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, force, id, json, sync }) {
    yield* checkForce({ force, sync })
    const environment = yield* Environment
    const screen = yield* Screen
    const result = yield* Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* agentBay.get(id)
      const uploaded = sync ? yield* uploadFirst(session.contextManager, force) : Option.none()
      yield* session.delete()
      return uploaded
    }).pipe(Effect.provide(environment.client(data)))
    yield* screen.print(
      json
        ? JSON.stringify({
            sessionId: id,
            deleted: true,
            sync: Option.getOrNull(
              Option.map(result, (uploaded) => Tasks.resultToJson(id, uploaded))
            )
          })
        : `Deleted ${id}`
    )
  })
).pipe(Command.withDescription("Delete a session and wait until it is gone"))

/** The upload before a deletion, with its bar; forced, a failure is told and lived with. */
const uploadFirst = (manager: Parameters<typeof Tasks.syncWithBar>[1], force: boolean) => {
  const upload = Effect.asSome(Tasks.syncWithBar("Syncing (upload)", manager, {}))
  return force
    ? Effect.catchTag(upload, "SyncFailed", "SyncTimeout", "ApiError", "TransportError", (error) =>
        Effect.flatMap(Screen, (screen) =>
          Effect.as(screen.note(`agentbay: ${error.message} Deleting all the same.`), Option.none())
        )
      )
    : upload
}

/**
 * `session`, with its subcommands.
 *
 * @since 0.1.0
 */
export const command = Command.make("session").pipe(
  Command.withDescription("Sessions: their life, their state, commands inside them"),
  Command.withSubcommands([
    create,
    list,
    SessionStateCommand.show,
    SessionStateCommand.label,
    SessionStateCommand.keepAlive,
    SessionStateCommand.pause,
    SessionStateCommand.resume,
    ShellCommand.command,
    remove
  ])
)
