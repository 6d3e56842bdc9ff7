/**
 * The tool `get_file_change`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as Inside from "./Inside.js"
import * as Tool from "./Tool.js"
import * as Tree from "./Tree.js"

/** What is remembered of an entry: its kind, and what differs once a file was written to. */
interface Trace {
  readonly pathType: "file" | "directory"
  readonly stamp: string
}

type Traces = ReadonlyMap<string, Trace>

/** The latest calls of each session. They are forgotten with it. */
const remembered = new WeakMap<object, Map<string, Traces>>()

/** How many paths of a session are watched; the one not asked about for longest goes first. */
const maxPaths = 32

const remember = ({ session }: Tool.Place, path: string, traces: Traces): Traces | undefined => {
  const paths = remembered.get(session) ?? new Map<string, Traces>()
  remembered.set(session, paths)
  const before = paths.get(path)
  paths.delete(path)
  paths.set(path, traces)
  for (const oldest of paths.keys()) {
    if (paths.size <= maxPaths) break
    paths.delete(oldest)
  }
  return before
}

const stampOf = async (host: string): Promise<string | undefined> => {
  try {
    const { ino, mtimeNs, size } = await NodeFs.lstat(host, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch {
    return undefined
  }
}

const look = Effect.fnUntraced(function* (directory: Inside.Spot) {
  const traces = new Map<string, Trace>()
  yield* Tree.visit(directory, async ({ entry, host, path }) => {
    if (entry.isDirectory()) {
      traces.set(path, { pathType: "directory", stamp: "" })
      return "enter"
    }
    const stamp = await stampOf(host)
    if (stamp !== undefined) traces.set(path, { pathType: "file", stamp })
    return "pass"
  })
  return traces
})

const changes = (before: Traces, after: Traces) => {
  const found: Array<{ eventType: string; path: string; pathType: string }> = []
  for (const [path, { pathType, stamp }] of after) {
    const old = before.get(path)
    if (old === undefined) found.push({ eventType: "create", path, pathType })
    else if (old.pathType !== pathType) {
      found.push({ eventType: "delete", path, pathType: old.pathType })
      found.push({ eventType: "create", path, pathType })
    } else if (old.stamp !== stamp) found.push({ eventType: "modify", path, pathType })
  }
  for (const [path, { pathType }] of before) {
    if (!after.has(path)) found.push({ eventType: "delete", path, pathType })
  }
  return found
}

/**
 * Compares with the call before, of whichever client: there is one memory for each path of a
 * session, gone when the server ends.
 *
 * @since 0.1.0
 */
export const fileChange = Tool.define({
  name: "get_file_change",
  description:
    "Tells what changed below a directory since the last call for the same path, as a JSON " +
    "list of { eventType: create, modify or delete, path, pathType: file or directory }. The " +
    "first call tells nothing.",
  inputSchema: Tool.record({ path: Tool.text }, ["path"]),
  args: Schema.Struct({ path: Schema.String }),
  run: (place, args) =>
    Effect.gen(function* () {
      const directory = yield* Inside.directory(place, args.path)
      const after = yield* look(directory)
      const before = remember(place, directory.normal, after)
      return JSON.stringify(before === undefined ? [] : changes(before, after))
    }).pipe(Effect.scoped)
})
