/**
 * `agentbay context`: the persistent contexts of the account.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as Contexts from "@effect-agentbay/core/Contexts"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import * as ContextFilesCommand from "./ContextFilesCommand.js"
import * as ContextGetCommand from "./ContextGetCommand.js"
import * as ContextPutCommand from "./ContextPutCommand.js"
import { Environment } from "./Environment.js"
import * as Listing from "./Listing.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import type * as Style from "./Style.js"
import type * as Table from "./Table.js"

const toJson = ({ id, ...context }: Contexts.ContextDetails): unknown => ({
  contextId: id,
  ...context,
  state: context.state ?? null,
  createdAt: Option.getOrNull(Option.map(context.createdAt, DateTime.formatIso)),
  lastUsedAt: Option.getOrNull(Option.map(context.lastUsedAt, DateTime.formatIso))
})

const paintState = ({ state }: Contexts.ContextDetails, style: Style.Style) =>
  state === "available" || state === "in-use" ? style.good : style.busy

const columnsAt = (now: DateTime.Utc): ReadonlyArray<Table.Column<Contexts.ContextDetails>> => {
  const zone = DateTime.zoneMakeLocal()
  const time = (moment: Option.Option<DateTime.Utc>) =>
    Option.match(moment, { onNone: () => "", onSome: (at) => Quantity.moment(at, now, zone) })
  return [
    { heading: "NAME", text: ({ name }) => name, cut: "end" },
    { heading: "CONTEXT", text: ({ id }) => id },
    { heading: "STATE", text: ({ state }) => state ?? "", paint: paintState },
    { heading: "CREATED", text: ({ createdAt }) => time(createdAt), spare: true },
    { heading: "LAST USED", text: ({ lastUsedAt }) => time(lastUsedAt), spare: true }
  ]
}

/**
 * `context list`.
 *
 * @since 0.1.0
 */
export const list = Command.make(
  "list",
  {
    session: Options.text("session").pipe(
      Options.withPseudoName("ID"),
      Options.withDescription("Only the contexts that this session mounts"),
      Options.optional
    ),
    ...Listing.paging,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, session, ...paging }) {
    const environment = yield* Environment
    const now = yield* DateTime.now
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const all = contexts.list({
        sessionId: Option.getOrUndefined(session),
        pageSize: Math.max(1, paging.pageSize)
      })
      yield* Listing.show(all, {
        paging,
        json,
        toJson,
        columns: columnsAt(now),
        nothing: "No contexts."
      })
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("List the contexts, the newest first"))

/**
 * `context create`.
 *
 * @since 0.1.0
 */
export const create = Command.make(
  "create",
  {
    name: Args.text({ name: "name" }).pipe(Args.withDescription("The name of the context")),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, name }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const context = yield* Effect.flatMap(AgentBay.AgentBay, ({ contexts }) =>
      contexts.create(name)
    ).pipe(Effect.provide(environment.client(data)))
    // Alone on stdout, so that a script can take it.
    yield* screen.print(json ? JSON.stringify(toJson(context)) : context.id)
  })
).pipe(Command.withDescription("Create a context, or find the one of this name; writes its id"))

const told = Effect.fnUntraced(function* (
  context: Contexts.ContextDetails,
  json: boolean,
  done: { readonly [name: string]: unknown },
  sentence: string
) {
  const screen = yield* Screen
  yield* screen.print(json ? JSON.stringify({ contextId: context.id, ...done }) : sentence)
})

/**
 * `context rename`.
 *
 * @since 0.1.0
 */
export const rename = Command.make(
  "rename",
  {
    context: Arguments.contextArgument,
    name: Args.text({ name: "name" }).pipe(Args.withDescription("Its new name")),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, json, name }) {
    const environment = yield* Environment
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const found = yield* Arguments.findContext(context)
      yield* contexts.rename(found.id, name)
      yield* told(found, json, { name }, `Renamed ${found.name} to ${name}`)
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("Give a context another name"))

/** A command that does one thing to a context and then says so. */
const acting = <Name extends string, E>(
  name: Name,
  description: string,
  action: {
    /** What the bar says while it is waited for; without one there is no bar. */
    readonly label?: string
    readonly act: (contexts: Contexts.Service, id: string) => Effect.Effect<void, E>
    /** The key of the JSON, and the word that stands for it. */
    readonly done: readonly [key: string, word: string]
  }
) =>
  Command.make(
    name,
    { context: Arguments.contextArgument, data: Arguments.data, json: Arguments.json },
    Effect.fnUntraced(function* ({ context, data, json }) {
      const environment = yield* Environment
      yield* Effect.gen(function* () {
        const { contexts } = yield* AgentBay.AgentBay
        const found = yield* Arguments.findContext(context)
        const work = action.act(contexts, found.id)
        yield* action.label === undefined ? work : ProgressBar.during(action.label, () => work)
        const [key, word] = action.done
        yield* told(found, json, { [key]: true }, `${word} ${found.name} (${found.id})`)
      }).pipe(Effect.provide(environment.client(data)))
    })
  ).pipe(Command.withDescription(description))

/**
 * `context remove`.
 *
 * @since 0.1.0
 */
export const remove = acting("remove", "Delete a context with everything that is stored in it", {
  act: (contexts, id) => contexts.remove(id),
  done: ["removed", "Removed"]
})

/**
 * `context clear`.
 *
 * @since 0.1.0
 */
export const clear = acting(
  "clear",
  "Delete everything that is stored in a context and wait until it is gone",
  {
    label: "Clearing",
    act: (contexts, id) => Effect.asVoid(contexts.clear(id)),
    done: ["cleared", "Cleared"]
  }
)

/**
 * `context`, with its subcommands.
 *
 * @since 0.1.0
 */
export const command = Command.make("context").pipe(
  Command.withDescription("Contexts and the files that are stored in them"),
  Command.withSubcommands([
    list,
    create,
    rename,
    remove,
    clear,
    ContextFilesCommand.list,
    ContextPutCommand.put,
    ContextGetCommand.get,
    ContextFilesCommand.remove
  ])
)
