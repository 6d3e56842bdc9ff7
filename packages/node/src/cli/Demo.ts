/**
 * `agentbay demo`: files that outlive the session they were made in.
 *
 * @since 0.1.0
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { ContextDetails } from "@effect-agentbay/core/Contexts"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import type { Session } from "@effect-agentbay/core/Session"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs/promises"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import * as Arguments from "./Arguments.js"
import * as DemoFiles from "./DemoFiles.js"
import { defaultDataDirectory, Environment, Local } from "./Environment.js"
import { CommandFailed, UsageError } from "./Failure.js"
import * as Folder from "./Folder.js"
import * as ProgressBar from "./ProgressBar.js"
import * as Quantity from "./Quantity.js"
import { Screen } from "./Screen.js"
import * as Style from "./Style.js"
import * as Tasks from "./Tasks.js"
import * as Text from "./Text.js"

const shippedContext = "agentbay-demo"

/**
 * A context for each folder, by its real path, so that a demo of one folder neither disturbs
 * nor replaces that of another.
 */
const contextOf = ({ root }: Folder.Folder): string =>
  `${shippedContext}-${Folder.digest(Buffer.from(root)).slice(0, 8)}`

const shippedFolder = fileURLToPath(new URL("../../demo", import.meta.url))

// The folder may be of any size: twelve hours, five times a second.
const patient = { retryInterval: "200 millis", maxRetries: 216_000 } as const
const patientPolicy = PollPolicy.spaced({
  interval: patient.retryInterval,
  maxRetries: patient.maxRetries
})

// Git keeps no empty directories, so the shipped folder gets one here.
const shippedEmptyDirectory = "an empty folder"

const checkFolder = (folder: string) =>
  Effect.tryPromise({
    try: () => NodeFs.stat(folder),
    catch: () => new UsageError({ message: `--from: there is no folder ${folder}` })
  }).pipe(
    Effect.filterOrFail(
      (stats) => stats.isDirectory(),
      () => new UsageError({ message: `--from: ${folder} is not a folder` })
    )
  )

/** The data directory under its real name, as the folder's scan will meet it. */
const realDataDirectory = (data: Option.Option<string>) => {
  const absolute = NodePath.resolve(Option.getOrElse(data, () => defaultDataDirectory))
  return Effect.promise(() => NodeFs.realpath(absolute).catch(() => absolute))
}

/** The folder that is used, and the name of the context that it goes to. */
type Source = { readonly folder: Folder.Folder; readonly contextName: string }

const isWithin = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(NodePath.join(directory, NodePath.sep))

/** What a Local AgentBay keeps for itself, such as its key, must not end in a context. */
const checkApart = Effect.fnUntraced(function* (folder: string, dataDirectory: string) {
  const real = yield* Effect.promise(() => NodeFs.realpath(folder).catch(() => folder))
  if (isWithin(dataDirectory, real)) {
    return yield* new UsageError({
      message: `--from: ${folder} lies in the data directory ${dataDirectory}`
    })
  }
})

const sourceFolder = Effect.fnUntraced(function* (
  from: Option.Option<string>,
  data: Option.Option<string>
): Effect.fn.Return<Source, UsageError | CommandFailed> {
  if (Option.isNone(from)) {
    const shipped = yield* Folder.scan(shippedFolder)
    const emptyDirectories = [...shipped.emptyDirectories, shippedEmptyDirectory]
    return { folder: { ...shipped, emptyDirectories }, contextName: shippedContext }
  }
  yield* checkFolder(from.value)
  const dataDirectory = yield* realDataDirectory(data)
  yield* checkApart(from.value, dataDirectory)
  const folder = yield* Folder.scan(from.value, dataDirectory)
  if (folder.files.length === 0) {
    return yield* new UsageError({ message: `--from: ${from.value} holds no files` })
  }
  return { folder, contextName: contextOf(folder) }
})

/** Where this command tells what it does: with `--json` stdout is for the result alone. */
const teller = (screen: Screen["Type"], json: boolean) => (json ? screen.note : screen.print)

const listed = (paths: ReadonlyArray<string>): string => {
  const shown = paths.slice(0, 3).map(Text.printable)
  const more = paths.length - shown.length
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ")
}

const introduction = (
  folder: Folder.Folder,
  context: ContextDetails,
  places: Local["Type"],
  style: Style.Style
) => {
  const size = Quantity.bytes(Folder.totalBytes(folder.files))
  const count = Quantity.things(folder.files.length, "file")
  const large = folder.files.filter(DemoFiles.isOnDisk).length
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Service", `Local AgentBay at ${places.url}`],
    ["Data", places.dataDirectory],
    ["Files", `${count}, ${size}, from ${Text.printable(folder.root)}`],
    ["Context", `${context.name} (${context.id})`],
    ["Mount", DemoFiles.mountPath],
    ...(large === 0
      ? []
      : [["Note", `${Quantity.things(large, "file")} above 1 MiB placed on disk`] as const]),
    ...(folder.others.length === 0
      ? []
      : [["Left out", `links and special files: ${listed(folder.others)}`] as const])
  ]
  return [
    style.bold("Files that outlive a session"),
    "",
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(9))}${value}`)
  ].join("\n")
}

const upload = Effect.fnUntraced(function* (
  folder: Folder.Folder,
  session: Session,
  json: boolean
) {
  const screen = yield* Screen
  const tell = teller(screen, json)
  yield* DemoFiles.place(folder, session, yield* Local)
  const result = yield* Tasks.syncWithBar("Syncing (upload)", session.contextManager, {
    mode: "upload",
    ...patient
  })
  const info = yield* session.contextManager.info()
  const table = yield* Tasks.table(
    info.contextStatusData,
    yield* json ? screen.stderr : screen.stdout
  )
  yield* tell(`\n${table}\n`)
  yield* ProgressBar.during("Deleting the session", () => session.delete())
  return result
})

const openSession = (agentBay: AgentBay.Service, context: ContextDetails) =>
  agentBay.session({
    labels: { purpose: "demo" },
    contexts: [{ contextId: context.id, path: DemoFiles.mountPath }],
    pollPolicy: patientPolicy
  })

const firstSession = (folder: Folder.Folder, context: ContextDetails, json: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* ProgressBar.during("Opening a session", () =>
        openSession(agentBay, context)
      )
      // What an earlier demo stored came along; the upload is to replace it.
      yield* Folder.empty(DemoFiles.mountDirectory(yield* Local, session.sessionId))
      return { session, result: yield* upload(folder, session, json) }
    })
  )

const secondSession = (folder: Folder.Folder, context: ContextDetails) =>
  Effect.scoped(
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const session = yield* ProgressBar.during("Opening a new one", () =>
        openSession(agentBay, context)
      )
      return { session, comparison: yield* DemoFiles.compare(folder, session, yield* Local) }
    })
  )

const isSame = ({ different, missing, unexpected }: DemoFiles.Comparison): boolean =>
  different.length + missing.length + unexpected.length === 0

const faultsOf = ({ different, missing, unexpected }: DemoFiles.Comparison): string =>
  [
    different.length === 0 ? "" : `${different.length} different (${listed(different)})`,
    missing.length === 0 ? "" : `${missing.length} missing (${listed(missing)})`,
    unexpected.length === 0 ? "" : `${unexpected.length} not expected (${listed(unexpected)})`
  ]
    .filter((part) => part !== "")
    .join(", ")

const run = Effect.fnUntraced(function* ({ contextName, folder }: Source, json: boolean) {
  const screen = yield* Screen
  const tell = teller(screen, json)
  const style = Style.of(yield* json ? screen.stderr : screen.stdout)
  const agentBay = yield* AgentBay.AgentBay
  const places = yield* Local
  const started = yield* Clock.currentTimeMillis
  const context = yield* agentBay.contexts.getOrCreate(contextName)
  const directory = NodePath.join(places.contextDirectory(context.id), DemoFiles.mountPath)
  yield* tell(`${introduction(folder, context, places, style)}\n`)

  const first = yield* firstSession(folder, context, json)
  const { comparison, session } = yield* secondSession(folder, context)
  const elapsedMillis = (yield* Clock.currentTimeMillis) - started
  const same = isSame(comparison)

  if (json) {
    yield* screen.print(
      JSON.stringify({
        same,
        ...comparison,
        files: folder.files.length,
        bytes: Folder.totalBytes(folder.files),
        emptyDirectories: folder.emptyDirectories.length,
        leftOut: folder.others,
        folder: folder.root,
        context: { contextId: context.id, name: context.name, directory },
        sessions: [first.session.sessionId, session.sessionId],
        sync: Tasks.resultToJson(first.session.sessionId, first.result),
        elapsedMillis
      })
    )
  }
  yield* tell(`\n  ${style.dim("On disk")}  ${directory}\n`)
  if (!same) {
    return yield* new CommandFailed({
      message: `The new session does not hold the same files: ${faultsOf(comparison)}`
    })
  }
  const count = Quantity.things(comparison.identical, "file")
  yield* tell(
    `${style.good("✔")} ${style.bold(`All ${count} came back byte for byte`)} ` +
      `in a new session (SHA-256), ${Quantity.duration(elapsedMillis)} in all.`
  )
})

/**
 * The command.
 *
 * @since 0.1.0
 */
export const command = Command.make(
  "demo",
  {
    from: Options.text("from").pipe(
      Options.withPseudoName("DIR"),
      Options.withDescription("The folder whose files are used (default: a small one of ours)"),
      Options.optional
    ),
    data: Arguments.data,
    json: Arguments.json
  },
  Effect.fnUntraced(function* ({ data, from, json }) {
    const environment = yield* Environment
    const source = yield* sourceFolder(from, data)
    yield* Effect.provide(run(source, json), environment.local(data))
  })
).pipe(
  Command.withDescription(
    "Put files into a session, sync, delete it, and find them in a new one (always local)"
  )
)
