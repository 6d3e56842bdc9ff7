/**
 * How the demo brings the files of a folder into a session, and how it checks them in the
 * next one.
 *
 * @since 0.1.0
 */
import type { FileError } from "@effect-agentbay/core/SessionFiles"
import type { Session } from "@effect-agentbay/core/Session"
import * as Effect from "effect/Effect"
import type { LocalPlaces } from "./Environment.js"
import type { CommandFailed } from "./Failure.js"
import * as Folder from "./Folder.js"
import * as ProgressBar from "./ProgressBar.js"
import type { Screen } from "./Screen.js"

/**
 * Where the demo's context is mounted.
 *
 * @since 0.1.0
 */
export const mountPath = "/home/wuying/demo"

/** Larger files are copied on disk: the file tools carry 60 KiB in one call. */
const largestByTool = 1024 * 1024

/**
 * Whether a file is placed and read on disk instead of with the tools of the session.
 *
 * @since 0.1.0
 */
export const isOnDisk = ({ bytes }: Folder.FolderFile): boolean => bytes > largestByTool

const concurrency = 8

/**
 * The directory of this machine that a session sees at the mount path.
 *
 * @since 0.1.0
 */
export const mountDirectory = (places: LocalPlaces, sessionId: string): string =>
  `${places.sessionDirectory(sessionId)}${mountPath}`

/** Counts files and bytes for a bar. */
const counter = (files: ReadonlyArray<Folder.FolderFile>, update: ProgressBar.Update) => {
  const bytesTotal = Folder.totalBytes(files)
  let filesDone = 0
  let bytesDone = 0
  const tell = Effect.suspend(() =>
    update({ filesDone, filesTotal: files.length, bytesDone, bytesTotal })
  )
  return {
    tell,
    addBytes: (bytes: number) => {
      bytesDone += bytes
    },
    fileDone: Effect.zipRight(
      Effect.sync(() => {
        filesDone += 1
      }),
      tell
    )
  }
}

/** Tells the bar some times a second, since large files are counted piece by piece. */
const telling = <A, E, R>(tell: Effect.Effect<void>, work: Effect.Effect<A, E, R>) =>
  Effect.zipRight(tell, Effect.raceFirst(work, Effect.forever(Effect.delay(tell, "100 millis"))))

/**
 * Puts all files of a folder into a session, and makes its empty directories there.
 *
 * @since 0.1.0
 */
export const place = (
  folder: Folder.Folder,
  session: Session,
  places: LocalPlaces
): Effect.Effect<void, FileError | CommandFailed, Screen> =>
  ProgressBar.during("Putting files in", (update) => {
    const directory = mountDirectory(places, session.sessionId)
    const progress = counter(folder.files, update)
    const placeFile = (file: Folder.FolderFile) =>
      isOnDisk(file)
        ? Folder.copy(file.path, folder.root, directory, progress.addBytes)
        : Effect.flatMap(Folder.read(folder.root, file.path), (content) =>
            Effect.map(session.files.write(`${mountPath}/${file.path}`, content), () =>
              progress.addBytes(content.length)
            )
          )
    return telling(
      progress.tell,
      Effect.zipRight(
        Effect.forEach(folder.emptyDirectories, (path) => Folder.makeDirectory(directory, path), {
          discard: true
        }),
        Effect.forEach(
          folder.files,
          (file) => Effect.zipRight(placeFile(file), progress.fileDone),
          { concurrency, discard: true }
        )
      )
    )
  })

/**
 * What differs between a folder and a session. Paths are relative to both.
 *
 * @since 0.1.0
 */
export interface Comparison {
  readonly identical: number
  readonly different: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
  readonly unexpected: ReadonlyArray<string>
}

const differs = (
  folder: Folder.Folder,
  session: Session,
  directory: string,
  onBytes: (bytes: number) => void
) => {
  const digestInSession = (
    file: Folder.FolderFile
  ): Effect.Effect<string, FileError | CommandFailed> =>
    isOnDisk(file)
      ? Folder.digestFile(directory, file.path)
      : Effect.map(session.files.read(`${mountPath}/${file.path}`), Folder.digest)
  return (file: Folder.FolderFile) =>
    Effect.zipWith(
      Folder.digestFile(folder.root, file.path, onBytes),
      digestInSession(file),
      (here, there) => here !== there
    )
}

const entriesOf = ({ emptyDirectories, files }: Folder.Folder): ReadonlyArray<string> => [
  ...files.map(({ path }) => path),
  ...emptyDirectories.map((path) => `${path}/`)
]

/**
 * Compares every file of a folder with the one in a session by its SHA-256, empty directories
 * by their being there.
 *
 * @since 0.1.0
 */
export const compare = (
  folder: Folder.Folder,
  session: Session,
  places: LocalPlaces
): Effect.Effect<Comparison, FileError | CommandFailed, Screen> =>
  ProgressBar.during("Comparing", (update) =>
    Effect.gen(function* () {
      const directory = mountDirectory(places, session.sessionId)
      yield* Folder.makeDirectory(directory, "")
      const present = yield* Folder.scan(directory)
      const expected = new Set(entriesOf(folder))
      const arrived = new Set(entriesOf(present))
      const both = folder.files.filter(({ path }) => arrived.has(path))
      const progress = counter(both, update)
      const isDifferent = differs(folder, session, directory, progress.addBytes)
      const verdicts = yield* telling(
        progress.tell,
        Effect.forEach(both, (file) => Effect.zipLeft(isDifferent(file), progress.fileDone), {
          concurrency
        })
      )
      const different = both.filter((_, index) => verdicts[index] === true).map(({ path }) => path)
      return {
        identical: both.length - different.length,
        different,
        missing: [...expected].filter((path) => !arrived.has(path)),
        unexpected: [...arrived].filter((path) => !expected.has(path))
      }
    })
  )
