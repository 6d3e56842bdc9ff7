/**
 * `agentbay context ls|put|get|rm`: the files that are stored in a context.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { ApiError } from "@effect-agentbay/core/AgentBayError"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as NodePath from "node:path"
import * as Arguments from "./Arguments.js"
import { Environment } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import * as Folder from "./Folder.js"
import * as Listing from "./Listing.js"
import * as LocalFile from "./LocalFile.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import type * as Table from "./Table.js"

const stored = (description: string): Args.Args<string> =>
  Args.text({ name: "path" }).pipe(Args.withDescription(description))

const recursive = Options.boolean("recursive").pipe(
  Options.withAlias("r"),
  Options.withDescription("A folder, with everything in it")
)

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

/** One file on its way: where it is on this machine, and where in the context. */
interface Way {
  readonly local: string
  readonly stored: string
}

/** What several files come to, for the bar and for the last line. */
interface Sum {
  files: number
  bytes: number
}

const below = (folder: string, path: string) => `${folder.replace(/\/+$/, "")}/${path}`

// Counts what passes by, so that the bar moves within a file.
const counted = <E>(
  content: Stream.Stream<Uint8Array, E>,
  onBytes: (bytes: number) => Effect.Effect<void>
) => Stream.tap(content, (bytes) => onBytes(bytes.length))

/** What a context cannot hold is left out, and that is said. */
const tellLeftOut = (kinds: ReadonlyArray<readonly [count: number, one: string, many?: string]>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const told = kinds.filter(([count]) => count > 0).map((kind) => Quantity.things(...kind))
    if (told.length > 0) yield* screen.note(`Left out: ${told.join(" and ")}`)
  })

const waysUp = Effect.fnUntraced(function* (from: string, to: string, whole: boolean) {
  if (!whole) {
    const target = to.endsWith("/") ? below(to, NodePath.basename(from)) : to
    return { ways: [{ local: from, stored: target }], bytes: undefined }
  }
  const { emptyDirectories, files, others, root } = yield* Folder.scan(from)
  yield* tellLeftOut([
    [emptyDirectories.length, "empty folder"],
    [others.length, "link or special file", "links or special files"]
  ])
  return {
    ways: files.map(({ path }): Way => ({
      local: NodePath.join(root, path),
      stored: below(to, path)
    })),
    bytes: Folder.totalBytes(files)
  }
})

const summary = (sum: Sum, verb: string) =>
  `${verb} ${Quantity.things(sum.files, "file")}, ${Quantity.bytes(sum.bytes)}`

/**
 * `context put`.
 *
 * @since 0.1.0
 */
export const put = Command.make(
  "put",
  {
    context: Arguments.contextArgument,
    from: Args.text({ name: "file" }).pipe(
      Args.withDescription("The file of this machine, or with -r a folder")
    ),
    to: stored("Where a session will see it, such as /home/wuying/notes/a.txt, or a folder/"),
    recursive,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, from, json, recursive, to }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const sum: Sum = { files: 0, bytes: 0 }
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* Arguments.findOrCreateContext(context)
      const { bytes, ways } = yield* waysUp(from, to, recursive)
      yield* ProgressBar.during("Putting files in", (update) =>
        Effect.forEach(
          ways,
          Effect.fnUntraced(function* ({ local, stored }) {
            const content = yield* LocalFile.read(local)
            const bytesTotal = bytes ?? content.length
            const onBytes = (count: number) => {
              sum.bytes += count
              return update({
                bytesDone: sum.bytes,
                bytesTotal,
                filesDone: sum.files,
                filesTotal: ways.length
              })
            }
            yield* contexts.files.put(id, stored, {
              length: content.length,
              stream: counted(content.stream, onBytes)
            })
            sum.files += 1
            yield* onBytes(0)
          }),
          { discard: true }
        )
      )
      yield* screen.print(
        json ? JSON.stringify({ contextId: id, path: to, ...sum }) : summary(sum, "Put")
      )
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(
  Command.withDescription("Store a file of this machine in a context, which is created if need be")
)

const treeOf = <E>(
  list: (folder: string) => Stream.Stream<ContextFiles.ContextFile, E>,
  folder: string
): Stream.Stream<ContextFiles.ContextFile, E> =>
  Stream.flatMap(list(folder), (file) =>
    file.kind === "directory" ? treeOf(list, file.path) : Stream.make(file)
  )

/** Whether files are stored below a path, so that it is a folder. */
const isStoredFolder = (files: ContextFiles.Service, contextId: string, path: string) =>
  Effect.map(files.listPage(contextId, path, { pageSize: 1 }), ({ items }) => items.length > 0)

/** A folder that was asked for as a file gets the answer that helps. */
const explainFolder =
  (files: ContextFiles.Service, contextId: string, path: string) =>
  (error: ApiError): Effect.Effect<never, ApiError | CommandFailed> =>
    error.reason !== "FileNotFound"
      ? Effect.fail(error)
      : isStoredFolder(files, contextId, path).pipe(
          Effect.orElseSucceed(() => false),
          Effect.flatMap((isFolder) =>
            Effect.fail(
              isFolder
                ? new CommandFailed({ message: `${path} is a folder. Folders need --recursive.` })
                : error
            )
          )
        )

// Names come from outside: none of them may lead out of the folder that they go into.
const localPath = (folder: string, relative: string) => {
  const segments = relative.split("/").filter((segment) => segment !== "")
  return segments.some((segment) => segment === ".." || segment === ".")
    ? Effect.fail(new UsageError({ message: `the stored name ${relative} leads out of ${folder}` }))
    : Effect.succeed(NodePath.join(folder, ...segments))
}

/**
 * `context get`.
 *
 * @since 0.1.0
 */
export const get = Command.make(
  "get",
  {
    context: Arguments.contextArgument,
    from: stored("The stored file, as a session sees it, or with -r a folder"),
    to: Args.text({ name: "file" }).pipe(
      Args.withDescription(
        "Where it goes on this machine: a name, a folder/, or - for stdout (default: its own name)"
      ),
      Args.optional
    ),
    recursive,
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ context, data, from, json, recursive, to }) {
    const environment = yield* Environment
    const screen = yield* Screen
    const name = NodePath.posix.basename(from)
    const given = Option.getOrElse(to, () => name)
    const target = !recursive && given.endsWith("/") ? below(given, name) : given
    const toStdout = target === LocalFile.standardStream
    if (toStdout && (json || recursive)) {
      return yield* new UsageError({ message: "- takes one file, without --json and --recursive" })
    }
    const sum: Sum = { files: 0, bytes: 0 }
    yield* Effect.gen(function* () {
      const { contexts } = yield* AgentBay.AgentBay
      const { id } = yield* Arguments.findContext(context)
      const explain = explainFolder(contexts.files, id, from)
      if (toStdout) {
        return yield* Stream.runForEach(contexts.files.get(id, from), screen.bytes).pipe(
          Effect.catchTag("ApiError", explain)
        )
      }
      yield* ProgressBar.during("Getting files", (update) => {
        const onBytes = (count: number) => {
          sum.bytes += count
          return update({ bytesDone: sum.bytes, state: Quantity.bytes(sum.bytes) })
        }
        const getOne = (path: string, local: string) =>
          LocalFile.write(local, counted(contexts.files.get(id, path), onBytes)).pipe(
            Effect.tap(() => Effect.sync(() => (sum.files += 1)))
          )
        if (!recursive) return Effect.catchTag(getOne(from, target), "ApiError", explain)
        const list = (folder: string) => contexts.files.list(id, folder)
        return Stream.runForEach(treeOf(list, from), ({ path }) =>
          Effect.flatMap(localPath(target, path.slice(from.replace(/\/+$/, "").length)), (local) =>
            getOne(path, local)
          )
        )
      })
      if (recursive && sum.files === 0) {
        return yield* new CommandFailed({
          message: `No folder is stored at ${from}. 'agentbay context ls' shows what is.`
        })
      }
      yield* screen.print(
        json
          ? JSON.stringify({ contextId: id, path: from, file: target, ...sum })
          : summary(sum, "Got")
      )
    }).pipe(Effect.provide(environment.client(data)))
  })
).pipe(Command.withDescription("Bring a stored file of a context to this machine"))

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
