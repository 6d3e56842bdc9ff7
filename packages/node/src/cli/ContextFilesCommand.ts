/**
 * `agentbay context ls|rm`: the files that are stored in a context.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Arguments from "./Arguments.js"
import { stored } from "./ContextTransfer.js"
import { Environment } from "./Environment.js"
import * as Listing from "./Listing.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import type * as Table from "./Table.js"

const toJson = (file: ContextFiles.ContextFile): unknown => ({
  ...file,
  size: file.size ?? null,
  createdAt: Option.getOrNull(Option.map(file.createdAt, DateTime.formatIso)),
  modifiedAt: Option.getOrNull(Option.map(file.modifiedAt, DateTime.formatIso))
})

const columnsAt = (now: DateTime.Utc): ReadonlyArray<Table.Column<ContextFiles.ContextFile>> => {
  const zone = DateTime.zoneMakeLocal()
  return [
    {
      heading: "NAME",
      text: ({ kind, name }) => (kind === "directory" ? `${name}/` : name),
      paint: ({ kind }, style) => (kind === "directory" ? style.accent : (text) => text),
      cut: "middle"
    },
    {
      heading: "SIZE",
      text: ({ kind, size }) =>
        kind === "directory" || size === undefined ? "" : Quantity.bytes(size),
      align: "right"
    },
    {
      heading: "MODIFIED",
      text: ({ modifiedAt }) =>
        Option.match(modifiedAt, {
          onNone: () => "",
          onSome: (at) => Quantity.moment(at, now, zone)
        }),
      spare: true
    }
  ]
}

/**
 * `context ls`.
 *
 * @since 0.1.0
 */
export const list = Command.make(
  "ls",
  {
    context: Arguments.contextArgument,
    folder: stored("The folder, as a session sees it (default /)").pipe(Args.withDefault("/")),
    ...Listing.paging,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, folder, json, ...paging }) {
    const environment = yield* Environment
    const now = yield* DateTime.now
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* Arguments.findContext(context)
      yield* Listing.show(
        contexts.files.list(id, folder, { pageSize: Math.max(1, paging.pageSize) }),
        {
          paging,
          json,
          toJson,
          columns: columnsAt(now),
          nothing: `Nothing is stored at ${folder}.`
        }
      )
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("List what is stored in a folder of a context"))

/**
 * `context rm`.
 *
 * @since 0.1.0
 */
export const remove = Command.make(
  "rm",
  {
    context: Arguments.contextArgument,
    path: stored("The stored file, as a session sees it"),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, json, path }) {
    const environment = yield* Environment
    const screen = yield* Screen
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* Arguments.findContext(context)
      yield* contexts.files.remove(id, path)
      yield* screen.print(
        json ? JSON.stringify({ contextId: id, path, removed: true }) : `Removed ${path}`
      )
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("Delete a stored file of a context"))
