import * as Effect from "effect/Effect"
import calls, * as NodeFs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"

/** A directory that is gone when the scope closes. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-test-"))),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

/** A tree as a value: a text or bytes are a file, `null` is an empty directory. */
export type Tree = Readonly<Record<string, string | Uint8Array | null>>

/** Long enough ago that no file counts as young. */
const longAgo = new Date("2024-05-06T07:08:09.123Z")

/** Writes a tree below a directory; all its files were last changed at `modified`. */
export const writeTree = (directory: string, tree: Tree, modified: Date = longAgo): void => {
  NodeFs.mkdirSync(directory, { recursive: true })
  for (const [path, content] of Object.entries(tree)) {
    const host = `${directory}/${path}`
    if (content === null) {
      NodeFs.mkdirSync(host, { recursive: true })
      continue
    }
    NodeFs.mkdirSync(NodePath.dirname(host), { recursive: true })
    NodeFs.writeFileSync(host, content)
    NodeFs.utimesSync(host, modified, modified)
  }
}

/** Reads a tree back. Links are shown as `-> target`; directories only when they are empty. */
export const readTree = (directory: string, prefix = ""): Record<string, string | null> => {
  const tree: Record<string, string | null> = {}
  for (const entry of NodeFs.readdirSync(directory, { withFileTypes: true })) {
    const path = prefix + entry.name
    const host = `${directory}/${entry.name}`
    if (entry.isDirectory()) {
      const below = readTree(host, `${path}/`)
      if (Object.keys(below).length === 0) tree[path] = null
      else Object.assign(tree, below)
    } else if (entry.isSymbolicLink()) {
      tree[path] = `-> ${NodeFs.readlinkSync(host)}`
    } else {
      tree[path] = NodeFs.readFileSync(host, "utf8")
    }
  }
  return tree
}

/**
 * Replaces one function of `node:fs` for the life of the scope. The default export is the object
 * behind the module: what is put into it, every importer sees.
 */
export const replaceCall = <K extends keyof typeof calls>(
  name: K,
  replacement: (original: (typeof calls)[K]) => (typeof calls)[K]
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const original = calls[name]
      calls[name] = replacement(original)
      syncBuiltinESMExports()
      return original
    }),
    (original) =>
      Effect.sync(() => {
        calls[name] = original
        syncBuiltinESMExports()
      })
  )

/** The path of a file that is reached by way of an open directory (`/proc/self/fd/7/name`). */
export const namedPath = (path: unknown): string =>
  String(path).replace(/^\/proc\/self\/fd\/\d+/, (open) => NodeFs.readlinkSync(open))

/** An error as the system would raise it. */
export const systemError = (code: string, errno: number): Error =>
  Object.assign(new Error(`${code}: on purpose`), { code, errno, syscall: "test" })
