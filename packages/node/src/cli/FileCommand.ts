/**
 * `agentbay file read|write|ls`: the files inside a session.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { FileEntry } from "@effect-agentbay/core/SessionFiles"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import * as Folder from "./Folder.js"
import * as Listing from "./Listing.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import * as StandardInput from "./StandardInput.js"
import type * as Table from "./Table.js"

const inSession = (description: string): Args.Args<string> =>
  Args.text({ name: "path" }).pipe(Args.withDescription(description))

const filesOf = (sessionId: string) =>
  Effect.map(
    Effect.flatMap(AgentBay.AgentBay, ({ get }) => get(sessionId)),
    ({ files }) => files
  )

/**
 * `file read`.
 *
 * @since 0.1.0
 */
export const read = Command.make(
  "read",
  {
    session: Arguments.session,
    path: inSession("The file inside the session"),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, path, session }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const bytes = yield* Effect.flatMap(filesOf(session), (files) => files.read(path)).pipe(
      Effect.provide(environment.client(data))
    )
    if (!json) return yield* screen.bytes(bytes)
    const base64 = Buffer.from(bytes).toString("base64")
    yield* screen.print(JSON.stringify({ sessionId: session, path, size: bytes.length, base64 }))
  })
).pipe(Command.withDescription("Write a file of a session to stdout, byte for byte"))

/**
 * `file write`.
 *
 * @since 0.1.0
 */
export const write = Command.make(
  "write",
  {
    session: Arguments.session,
    path: inSession("The file inside the session"),
    from: Options.text("from").pipe(
      Options.withPseudoName("FILE"),
      Options.withDescription("Take the content from this file (default: stdin)"),
      Options.optional
    ),
    append: Options.boolean("append").pipe(
      Options.withDescription("Write at the end of the file, not in its place")
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ append, data, from, json, path, session }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const content = yield* Option.match(from, {
      onNone: () => StandardInput.read,
      onSome: (file) => Folder.readFile(file)
    })
    yield* Effect.flatMap(filesOf(session), (files) =>
      append ? files.append(path, content) : files.write(path, content)
    ).pipe(Effect.provide(environment.client(data)))
    yield* screen.print(
      json
        ? JSON.stringify({ sessionId: session, path, size: content.length })
        : `Wrote ${Quantity.bytes(content.length)} to ${path}`
    )
  })
).pipe(Command.withDescription("Write stdin, or a file of this machine, into a file of a session"))

const columns: ReadonlyArray<Table.Column<FileEntry>> = [
  {
    heading: "NAME",
    text: ({ kind, name }) => (kind === "directory" ? `${name}/` : name),
    paint: ({ kind }, style) => (kind === "directory" ? style.accent : (text) => text),
    cut: "middle"
  }
]

/**
 * `file ls`.
 *
 * @since 0.1.0
 */
export const list = Command.make(
  "ls",
  {
    session: Arguments.session,
    path: inSession("The folder inside the session (default /home/wuying)").pipe(
      Args.withDefault("/home/wuying")
    ),
    ...Listing.paging,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, json, path, session, ...paging }) {
    const environment = yield* Environment
    yield* Effect.gen(function* () {
      const entries = yield* Effect.flatMap(filesOf(session), (files) => files.list(path))
      yield* Listing.show(Stream.fromIterable(entries), {
        paging,
        json,
        toJson: (entry) => entry,
        columns,
        nothing: `Nothing is at ${path}.`
      })
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("List a folder of a session"))

/**
 * `file`, with its subcommands.
 *
 * @since 0.1.0
 */
export const command = Command.make("file").pipe(
  Command.withDescription("The files inside a session"),
  Command.withSubcommands([read, write, list])
)
