/**
 * The way to a path inside a session, such that nothing leads out of it.
 *
 * A command in a session may replace a directory by a symbolic link at any moment, also
 * between a look at a path and its use. So on Linux the way is walked directory by directory,
 * each opened from the one before without following links, and the last one is held open
 * while it is used. Elsewhere, where no commands run in isolation either, the path is looked
 * at and then used.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as MountPath from "../MountPath.js"
import { systemCode } from "../SystemCode.js"
import { attempt, type Place, ToolFailed } from "./Tool.js"

/**
 * A path that was walked to.
 *
 * @since 0.1.0
 */
export interface Spot {
  /** As the client wrote it. */
  readonly path: string
  /** In normal form. */
  readonly normal: string
  /**
   * What to hand to the file system. Only a link in its last segment is left to be followed:
   * use it with what does not follow one. Valid until the scope closes.
   */
  readonly host: string
}

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_APPEND } =
  NodeFs.constants

// A pipe is opened without waiting for its other end, which may never come.
const safely = O_NONBLOCK | O_NOFOLLOW

/** @since 0.1.0 */
export const toRead = O_RDONLY | safely

/** @since 0.1.0 */
export const toAppend = O_WRONLY | O_APPEND | O_CREAT | safely

const toEnter = O_RDONLY | O_DIRECTORY | safely

const byDescriptor = process.platform === "linux" && NodeFs.existsSync("/proc/self/fd")

const descriptorPath = (directory: number): string => `/proc/self/fd/${directory}`

const enter = (directory: number, name: string, create: boolean): number => {
  const path = `${descriptorPath(directory)}/${name}`
  try {
    return NodeFs.openSync(path, toEnter)
  } catch (error) {
    if (!create || systemCode(error) !== "ENOENT") throw error
  }
  try {
    NodeFs.mkdirSync(path)
  } catch (error) {
    // Somebody else was quicker.
    if (systemCode(error) !== "EEXIST") throw error
  }
  return NodeFs.openSync(path, toEnter)
}

const walk = (root: string, names: ReadonlyArray<string>, create: boolean): number => {
  let directory = NodeFs.openSync(root, O_RDONLY | O_DIRECTORY)
  for (const name of names) {
    const above = directory
    try {
      directory = enter(above, name, create)
    } finally {
      NodeFs.closeSync(above)
    }
  }
  return directory
}

const segmentsOf = (normal: string): ReadonlyArray<string> =>
  normal.split("/").filter((segment) => segment !== "")

const holding = (
  place: Place,
  path: string,
  names: ReadonlyArray<string>,
  create: boolean
): Effect.Effect<string, ToolFailed, Scope.Scope> => {
  if (byDescriptor) {
    return Effect.map(
      Effect.acquireRelease(
        attempt(path, async () => walk(place.root, names, create)),
        (directory) => Effect.sync(() => NodeFs.closeSync(directory))
      ),
      descriptorPath
    )
  }
  const host = NodePath.join(place.root, ...names)
  return create
    ? Effect.as(
        attempt(path, () => NodeFs.promises.mkdir(host, { recursive: true })),
        host
      )
    : Effect.succeed(host)
}

const check = (place: Place, path: string): Effect.Effect<string, ToolFailed> =>
  MountPath.locate(place.root, path).pipe(
    Effect.zipRight(MountPath.normalise(path)),
    Effect.mapError((refused) => new ToolFailed({ message: refused.message }))
  )

/**
 * Walks to the directory above a path and holds it open. The path itself need not exist.
 * With `create`, missing directories on the way are made.
 *
 * @since 0.1.0
 */
export const spot = Effect.fnUntraced(function* (
  place: Place,
  path: string,
  { create = false }: { readonly create?: boolean } = {}
): Effect.fn.Return<Spot, ToolFailed, Scope.Scope> {
  const normal = yield* check(place, path)
  const names = segmentsOf(normal)
  const above = yield* holding(place, path, names.slice(0, -1), create)
  return { path, normal, host: `${above}/${names.at(-1) ?? "."}` }
})

/**
 * Walks to a directory and holds it open. With `create`, it is made when it is missing.
 *
 * @since 0.1.0
 */
export const directory = Effect.fnUntraced(function* (
  place: Place,
  path: string,
  { create = false }: { readonly create?: boolean } = {}
): Effect.fn.Return<Spot, ToolFailed, Scope.Scope> {
  const normal = yield* check(place, path)
  return { path, normal, host: yield* holding(place, path, segmentsOf(normal), create) }
})

/**
 * Opens a directory inside one that is held open, and gives it to `use` for as long as that
 * takes. Nothing is used when the name is no directory (any more), or may not be read.
 *
 * @since 0.1.0
 */
export const below = async (
  above: string,
  name: string,
  use: (host: string) => Promise<void>
): Promise<void> => {
  const path = `${above}/${name}`
  if (!byDescriptor) return use(path)
  let directory: number
  try {
    directory = NodeFs.openSync(path, toEnter)
  } catch {
    return
  }
  try {
    await use(descriptorPath(directory))
  } finally {
    NodeFs.closeSync(directory)
  }
}

/**
 * Whether the path is a mount of the session or has one below it: moving or deleting it
 * would look like the deletion of everything that is mounted there.
 *
 * @since 0.1.0
 */
export const holdsMount = ({ mounts }: Place, { normal }: Spot): boolean => {
  const below = normal === "/" ? "/" : `${normal}/`
  return mounts.some((mount) => mount === normal || mount.startsWith(below))
}
