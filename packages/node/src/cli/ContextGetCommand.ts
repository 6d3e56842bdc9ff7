/**
 * `agentbay context get`: stored files of a context come to this machine.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { ApiError } from "@effect-agentbay/core/AgentBayError"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as NodePath from "node:path"
import * as Arguments from "./Arguments.js"
import { below, counted, recursive, stored, type Sum, summary } from "./ContextTransfer.js"
import { Environment } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import * as LocalFile from "./LocalFile.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"

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
