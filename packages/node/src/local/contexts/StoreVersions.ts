/**
 * Which sessions have seen what is stored.
 *
 * An upload carries deletions into the store, and a file that the session does not hold
 * counts as deleted. That is true only for a session that once held everything the store
 * has: one whose first download failed or was switched off, or that missed the upload of
 * another session, would delete files it never knew. So every upload that changes the store
 * raises a version, every complete download notes the version it has seen, and deletions
 * are carried only by a session that has seen the present one.
 *
 * What comes or goes without a session, by a URL or a clear, raises no version: there can be
 * many such paths, and nobody knows of them. Instead, those that had seen what is stored
 * there count as not having seen it.
 *
 * @since 0.1.0
 */
import { SyncPolicy } from "@effect-agentbay/core/ContextSync"
import type { Statement } from "@effect/sql/Statement"
import * as SqlSchema from "@effect/sql/SqlSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { StateFailure } from "./ContextStore.js"
import * as Mapping from "../sync/Mapping.js"
import type { Binding } from "../sessions/Session.js"
import { State } from "../State.js"
import { overlaps } from "../sync/TransferQueue.js"

/**
 * A binding together with its session.
 *
 * @since 0.1.0
 */
export interface BindingOf {
  readonly sessionId: string
  readonly binding: Pick<Binding, "contextId" | "mount" | "policy">
}

/**
 * Members that answer with statements have changed what is in memory already; the
 * statements bring the state file up to it.
 *
 * @since 0.1.0
 */
export interface Service {
  /** Whether the session has seen everything that is stored at its binding. */
  readonly hasSeen: (of: BindingOf) => boolean
  /** The session has seen everything that is stored at its binding. */
  readonly see: (of: BindingOf) => ReadonlyArray<Statement<unknown>>
  /** What is stored at a path is about to change; `own` are the bindings that know how. */
  readonly raise: (
    contextId: string,
    path: string,
    own: ReadonlyArray<BindingOf>
  ) => ReadonlyArray<Statement<unknown>>
  /** Nothing was changed after all: takes back a {@link Service.raise}, if that can be done. */
  readonly lower: (
    contextId: string,
    path: string,
    own: ReadonlyArray<BindingOf>
  ) => ReadonlyArray<Statement<unknown>>
  /**
   * What is stored at or below a path is about to change by no session's doing: nobody has
   * seen it any more.
   */
  readonly outdate: (contextId: string, path: string) => ReadonlyArray<Statement<unknown>>
  /** The session is no more. */
  readonly forget: (of: BindingOf) => void
  /** The context is no more. */
  readonly forgetContext: (contextId: string) => ReadonlyArray<Statement<unknown>>
}

/**
 * @since 0.1.0
 */
export class StoreVersions extends Context.Tag(
  "@effect-agentbay/node/local/contexts/StoreVersions"
)<StoreVersions, Service>() {}

/** What a session has seen, and where in the store. */
interface Sight {
  readonly sessionId: string
  readonly contextId: string
  readonly mount: string
  /** The path in the store. */
  readonly path: string
  readonly version: number
}

/** The versions of one context: of its paths, and the sum of those below a path. */
interface Versions {
  readonly at: Map<string, number>
  readonly below: Map<string, number>
}

/** The paths above one in normal form, the nearest first. */
function* foldersAbove(path: string): Generator<string> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    yield path.slice(0, end)
  }
  if (path !== "/") yield "/"
}

/** By the mount: a session has one binding there, wherever its files are stored. */
const keyOf = (sessionId: string, mount: string): string => JSON.stringify([sessionId, mount])

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<Service, StateFailure, State> = Effect.gen(function* () {
  const { sql } = yield* State
  const versions = new Map<string, Versions>()
  const seen = new Map<string, Sight>()

  const Version = Schema.Struct({
    context_id: Schema.String,
    path: Schema.String,
    version: Schema.Number
  })
  const Seen = Schema.Struct({
    session_id: Schema.String,
    context_id: Schema.String,
    mount: Schema.String,
    policy: Schema.parseJson(SyncPolicy),
    seen: Schema.Number
  })
  const rows = yield* SqlSchema.findAll({
    Request: Schema.Void,
    Result: Version,
    execute: () => sql`SELECT * FROM store_versions`
  })(undefined)
  const put = (contextId: string, path: string, version: number) => {
    const paths = versions.get(contextId) ?? { at: new Map(), below: new Map() }
    versions.set(contextId, paths)
    const by = version - (paths.at.get(path) ?? 0)
    paths.at.set(path, version)
    for (const above of foldersAbove(path))
      paths.below.set(above, (paths.below.get(above) ?? 0) + by)
  }
  for (const row of rows) put(row.context_id, row.path, row.version)
  const seenRows = yield* SqlSchema.findAll({
    Request: Schema.Void,
    Result: Seen,
    execute: () => sql`
      SELECT session_id, context_id, mount, policy, seen FROM bindings
      JOIN sessions ON sessions.id = bindings.session_id
      WHERE sessions.status <> 'FINISH' AND seen IS NOT NULL`
  })(undefined)
  for (const row of seenRows) {
    seen.set(keyOf(row.session_id, row.mount), {
      sessionId: row.session_id,
      contextId: row.context_id,
      mount: row.mount,
      path: Mapping.storePath(row),
      version: row.seen
    })
  }

  /** Changes with every upload that touches the path, wherever above or below it. */
  const present = (contextId: string, path: string): number => {
    const paths = versions.get(contextId)
    if (paths === undefined) return 0
    let sum = (paths.at.get(path) ?? 0) + (paths.below.get(path) ?? 0)
    for (const above of foldersAbove(path)) sum += paths.at.get(above) ?? 0
    return sum
  }
  const hasSeen: Service["hasSeen"] = (of) =>
    seen.get(keyOf(of.sessionId, of.binding.mount))?.version ===
    present(of.binding.contextId, Mapping.storePath(of.binding))
  const see: Service["see"] = (of) => {
    const { sessionId } = of
    const { contextId, mount } = of.binding
    const path = Mapping.storePath(of.binding)
    const version = present(contextId, path)
    seen.set(keyOf(sessionId, mount), { sessionId, contextId, mount, path, version })
    return [
      sql`
        UPDATE bindings SET seen = ${version}
        WHERE session_id = ${of.sessionId} AND mount = ${of.binding.mount}`
    ]
  }
  const move = (
    contextId: string,
    mount: string,
    own: ReadonlyArray<BindingOf>,
    by: number
  ): ReadonlyArray<Statement<unknown>> => {
    const version = (versions.get(contextId)?.at.get(mount) ?? 0) + by
    put(contextId, mount, version)
    return [
      sql`
        INSERT OR REPLACE INTO store_versions (context_id, path, version)
        VALUES (${contextId}, ${mount}, ${version})`,
      ...own.flatMap(see)
    ]
  }

  return {
    hasSeen,
    see,
    raise: (contextId, mount, own) => move(contextId, mount, own, 1),
    // If something else was stored beside the path meanwhile, lowering could bring back a version
    // that `own` have seen, although they have not seen that.
    lower: (contextId, mount, own) => (own.every(hasSeen) ? move(contextId, mount, own, -1) : []),
    outdate: (contextId, path) => {
      const statements: Array<Statement<unknown>> = []
      for (const [key, sight] of seen) {
        if (sight.contextId !== contextId || !overlaps(sight.path, path)) continue
        seen.delete(key)
        statements.push(sql`
          UPDATE bindings SET seen = NULL
          WHERE session_id = ${sight.sessionId} AND mount = ${sight.mount}`)
      }
      return statements
    },
    forget: ({ binding, sessionId }) => {
      seen.delete(keyOf(sessionId, binding.mount))
    },
    forgetContext: (contextId) => {
      versions.delete(contextId)
      return [sql`DELETE FROM store_versions WHERE context_id = ${contextId}`]
    }
  }
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<StoreVersions, StateFailure, State> = Layer.effect(
  StoreVersions,
  make
)
