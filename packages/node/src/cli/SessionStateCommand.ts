/**
 * `agentbay session show|pause|resume|keep-alive|label`: one session that runs.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { SessionBinding } from "@effect-agentbay/core/ContextManager"
import type * as Session from "@effect-agentbay/core/Session"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { UsageError } from "./Failure.js"
import * as ProgressBar from "./ProgressBar.js"
import { Screen, type Surface } from "./Screen.js"
import * as Style from "./Style.js"
import * as Table from "./Table.js"
import * as Text from "./Text.js"

/** What is shown of a binding. */
export type Mounted = Pick<SessionBinding, "contextId" | "contextName" | "path">

/**
 * Bindings as a table.
 *
 * @since 0.1.0
 */
export const bindingColumns: ReadonlyArray<Table.Column<Mounted>> = [
  { heading: "CONTEXT", text: ({ contextId }) => contextId, cut: "middle" },
  { heading: "NAME", text: ({ contextName }) => contextName ?? "", cut: "end" },
  { heading: "PATH", text: ({ path }) => path, cut: "middle" }
]

interface Shown {
  readonly sessionId: string
  readonly status: string
  readonly resourceUrl: string | undefined
  readonly labels: Session.Labels
  readonly bindings: ReadonlyArray<SessionBinding>
}

const describe = (shown: Shown, surface: Surface): string => {
  const style = Style.of(surface)
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Session", shown.sessionId],
    ["Status", shown.status],
    ["Desktop", shown.resourceUrl ?? ""],
    ...Object.entries(shown.labels).map(([name, value]) => ["Label", `${name}=${value}`] as const)
  ]
  const table = Table.render(bindingColumns, shown.bindings, { columns: surface.columns, style })
  return [
    ...rows
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${style.dim(name.padEnd(9))}${Text.printable(value)}`),
    ...(table.length === 0 ? [] : ["", ...table])
  ].join("\n")
}

/**
 * `session show`.
 *
 * @since 0.1.0
 */
export const show = Command.make(
  "show",
  { id: Arguments.sessionArgument, data: Arguments.data, json: Arguments.json },
  Effect.fnUntraced(function* ({ data, id, json }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const shown = yield* Effect.gen(function* () {
      const session = yield* Effect.flatMap(AgentBay.AgentBay, ({ get }) => get(id))
      const told = yield* Effect.all(
        {
          status: session.status,
          labels: session.labels.get,
          bindings: session.contextManager.bindings
        },
        { concurrency: 3 }
      )
      return { sessionId: session.sessionId, resourceUrl: session.resourceUrl, ...told }
    }).pipe(Effect.provide(environment.client(data)))
    yield* screen.print(
      json
        ? JSON.stringify({ ...shown, resourceUrl: shown.resourceUrl ?? null })
        : describe(shown, yield* screen.stdout)
    )
  })
).pipe(Command.withDescription("Show a session: its state, labels and contexts"))

/** A command that does one thing to a session and then says so. */
const acting = <Name extends string, E>(
  name: Name,
  description: string,
  action: {
    /** What the bar says while it is waited for; without one there is no bar. */
    readonly label?: string
    readonly act: (session: Session.Session) => Effect.Effect<void, E>
    /** The key of the JSON, and the words that stand for it. */
    readonly done: readonly [key: string, words: string]
  }
) =>
  Command.make(
    name,
    { id: Arguments.sessionArgument, data: Arguments.data, json: Arguments.json },
    Effect.fnUntraced(function* ({ data, id, json }) {
      const environment = yield* Environment
      const screen = yield* Screen
      const work = Effect.flatMap(
        Effect.flatMap(AgentBay.AgentBay, ({ get }) => get(id)),
        action.act
      ).pipe(Effect.provide(environment.client(data)))
      yield* action.label === undefined ? work : ProgressBar.during(action.label, () => work)
      const [key, words] = action.done
      yield* screen.print(json ? JSON.stringify({ sessionId: id, [key]: true }) : `${words} ${id}`)
    })
  ).pipe(Command.withDescription(description))

/**
 * `session pause`.
 *
 * @since 0.1.0
 */
export const pause = acting("pause", "Pause a session and wait until it is paused", {
  label: "Pausing",
  act: (session) => session.pause(),
  done: ["paused", "Paused"]
})

/**
 * `session resume`.
 *
 * @since 0.1.0
 */
export const resume = acting("resume", "Wake a paused session and wait until it runs", {
  label: "Resuming",
  act: (session) => session.resume(),
  done: ["resumed", "Resumed"]
})

/**
 * `session keep-alive`.
 *
 * @since 0.1.0
 */
export const keepAlive = acting(
  "keep-alive",
  "Say that a session is in use, so that it is not released as idle",
  { act: (session) => session.keepAlive, done: ["keptAlive", "Kept alive"] }
)

const readPairs = (texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text) =>
    Option.match(Arguments.parsePair(text), {
      onNone: () =>
        Effect.fail(new UsageError({ message: `a label must be NAME=VALUE, but is '${text}'` })),
      onSome: Effect.succeed
    })
  )

/**
 * `session label`.
 *
 * @since 0.1.0
 */
export const label = Command.make(
  "label",
  {
    id: Arguments.sessionArgument,
    pairs: Args.text({ name: "name=value" }).pipe(
      Args.withDescription("A label to set; others stay as they are. None: the labels are shown"),
      Args.repeated
    ),
    remove: Options.text("remove").pipe(
      Options.withPseudoName("NAME"),
      Options.withDescription("A label to take away; may be repeated"),
      Options.repeated
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, id, json, pairs, remove }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const wanted = yield* readPairs(pairs)
    const labels = yield* Effect.gen(function* () {
      const session = yield* Effect.flatMap(AgentBay.AgentBay, ({ get }) => get(id))
      const before = yield* session.labels.get
      if (wanted.length === 0 && remove.length === 0) return before
      const kept = Object.entries(before).filter(([name]) => !remove.includes(name))
      const after: Session.Labels = Object.fromEntries([...kept, ...wanted])
      yield* session.labels.set(after)
      return after
    }).pipe(Effect.provide(environment.client(data)))
    if (json) return yield* screen.print(JSON.stringify({ sessionId: id, labels }))
    const lines = Object.entries(labels).map(([name, value]) => Text.printable(`${name}=${value}`))
    yield* lines.length === 0 ? screen.note("No labels.") : screen.print(lines.join("\n"))
  })
).pipe(Command.withDescription("Show or change the labels of a session"))
