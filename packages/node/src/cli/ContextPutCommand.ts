/**
 * `agentbay context put`: files of this machine go into a context.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as NodePath from "node:path"
import * as Arguments from "./Arguments.js"
import { below, counted, recursive, stored, type Sum, summary } from "./ContextTransfer.js"
import { Environment } from "./Environment.js"
import * as Folder from "./Folder.js"
import * as LocalFile from "./LocalFile.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"

/** One file on its way: where it is on this machine, and where in the context. */
interface Way {
  readonly local: string
  readonly stored: string
}

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
