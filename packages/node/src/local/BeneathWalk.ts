/**
 * The walk of `Beneath`: directories that are opened one from the other without following links.
 *
 * @since 0.1.0
 */
import * as NodeFs from "node:fs"
import { systemCode } from "./SystemCode.js"

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = NodeFs.constants

/**
 * Whether there are paths by way of descriptors.
 *
 * @since 0.1.0
 */
export const byDescriptor = process.platform === "linux" && NodeFs.existsSync("/proc/self/fd")

// Node does not name it. It takes no permission to read, as a path of several segments takes none.
const O_PATH = 0o10000000

const toEnter = O_PATH | O_DIRECTORY | O_NOFOLLOW

/**
 * Opens a file only to change what is known of it.
 *
 * @since 0.1.0
 */
export const toTouch = byDescriptor ? O_PATH | O_NOFOLLOW : O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * The path of what a descriptor holds.
 *
 * @since 0.1.0
 */
export const descriptorPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`

/**
 * An error as the system would raise it.
 *
 * @since 0.1.0
 */
export const systemError = (code: "ELOOP" | "ENOTDIR" | "ENAMETOOLONG", errno: number): Error =>
  Object.assign(new Error(`${code}: on the way to a path`), { code, errno: -errno })

const isLink = (path: string): boolean =>
  NodeFs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** A link in the way is told from a file: what stands behind a link is not known to be missing. */
const openDirectory = (path: string): number => {
  try {
    return NodeFs.openSync(path, toEnter)
  } catch (error) {
    if (systemCode(error) === "ENOTDIR" && isLink(path)) throw systemError("ELOOP", 40)
    throw error
  }
}

const checkDirectory = (path: string): void => {
  const stats = NodeFs.lstatSync(path)
  if (stats.isSymbolicLink()) throw systemError("ELOOP", 62)
  if (!stats.isDirectory()) throw systemError("ENOTDIR", 20)
}

const create = (path: string): void => {
  try {
    NodeFs.mkdirSync(path)
  } catch (error) {
    // Somebody else was quicker, or something is in the way: entering it tells.
    if (systemCode(error) !== "EEXIST") throw error
  }
}

/**
 * Paths are in normal form; one that is not must not lead anywhere.
 *
 * @since 0.1.0
 */
export const checked = (name: string): string => {
  if (name === "..") throw new Error("a path must not lead upwards")
  return name
}

/** A directory on the way: a descriptor, or a path where there are none of these. */
interface Step {
  readonly host: string
  readonly close: () => void
}

const stepInto = (path: string): Step => {
  if (byDescriptor) {
    const descriptor = openDirectory(path)
    return { host: descriptorPath(descriptor), close: () => NodeFs.closeSync(descriptor) }
  }
  checkDirectory(path)
  return { host: path, close: () => undefined }
}

const enter = (above: string, name: string, creating: boolean): Step => {
  const path = `${above}/${checked(name)}`
  try {
    return stepInto(path)
  } catch (error) {
    if (!creating || systemCode(error) !== "ENOENT") throw error
  }
  create(path)
  return stepInto(path)
}

const enterRoot = (root: string, creating: boolean): Step => {
  if (creating) NodeFs.mkdirSync(root, { recursive: true })
  if (!byDescriptor) return { host: root, close: () => undefined }
  const descriptor = NodeFs.openSync(root, O_PATH | O_DIRECTORY)
  return { host: descriptorPath(descriptor), close: () => NodeFs.closeSync(descriptor) }
}

/**
 * The names in a path.
 *
 * @since 0.1.0
 */
export const segmentsOf = (path: string): ReadonlyArray<string> =>
  path.split("/").filter((segment) => segment !== "" && segment !== ".")

/**
 * The path of the directory above, `""` for the topmost.
 *
 * @since 0.1.0
 */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/**
 * The last name in a path.
 *
 * @since 0.1.0
 */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/**
 * A path below another one; either may be `""`.
 *
 * @since 0.1.0
 */
export const join = (above: string, path: string): string =>
  above === "" ? path : path === "" ? above : `${above}/${path}`

/** How many directories are held open at most, besides the root. */
const maxHeld = 64

interface Held {
  readonly path: string
  readonly step: Step
}

/**
 * The directory that was used last and those above it, from where the next is near.
 *
 * @since 0.1.0
 */
export const makeWalker = (root: string) => {
  let top: Step | undefined
  const held: Array<Held> = []

  const isOnTheWay = ({ path }: Held, wanted: string): boolean =>
    wanted.startsWith(path) && (wanted.length === path.length || wanted[path.length] === "/")

  const leaveUntil = (wanted: string): Held | undefined => {
    for (;;) {
      const last = held.at(-1)
      if (last === undefined || isOnTheWay(last, wanted)) return last
      held.pop()
      last.step.close()
    }
  }

  const hold = (next: Held): void => {
    held.push(next)
    // A tree may be deeper than a process may have files open. Every other one is left, so that
    // on the way back up the next is never far.
    if (held.length <= maxHeld) return
    for (const [index, last] of held.splice(0).entries()) {
      if (index % 2 === 0) held.push(last)
      else last.step.close()
    }
  }

  const walk = (path: string, creating: boolean): string => {
    const from = leaveUntil(path)
    let at = from?.path ?? ""
    let step = from?.step ?? (top ??= enterRoot(root, creating))
    for (const segment of segmentsOf(path.slice(at.length))) {
      step = enter(step.host, segment, creating)
      at = join(at, segment)
      hold({ path: at, step })
    }
    return step.host
  }

  const close = (): void => {
    for (const { step } of held.splice(0)) step.close()
    const last = top
    top = undefined
    last?.close()
  }

  return { walk, close }
}
