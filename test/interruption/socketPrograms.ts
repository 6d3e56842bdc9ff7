/** The operations over sockets and real files, and what the calls at the server say of each. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as LocalFile from "../../packages/node/src/cli/LocalFile.js"

export const path = "/home/wuying/work"

export interface Place {
  readonly target: { readonly contextId: string; readonly path: string }
  /** A session that lasts, or one that was made for this round. */
  readonly sessionId: string
  /** A folder of this machine with the file `source`. */
  readonly folder: string
}

/** What a round has seen. */
export interface Seen {
  readonly sessionId: string
  readonly exit: Exit.Exit<unknown, unknown>
  /** The calls that the server has answered meanwhile. */
  readonly calls: ReadonlyArray<LocalAgentBay.Call>
}

type Needs = AgentBay.AgentBay | FileSystem.FileSystem

export interface Program {
  /** Whether each round has a session of its own. */
  readonly ownSession?: boolean
  readonly run: (place: Place) => Effect.Effect<unknown, unknown, Needs>
  /**
   * Looks at the calls of a round; gives the sessions that live on because of it, which belong
   * to who ran the program.
   */
  readonly left: (seen: Seen) => ReadonlyArray<string>
}

const agentBay = AgentBay.AgentBay

const existing = ({ sessionId }: Place) =>
  Effect.flatMap(agentBay, (service) => service.get(sessionId))

const ofAction = (calls: ReadonlyArray<LocalAgentBay.Call>, action: string) =>
  calls.filter((call) => call.action === action)

const created = ({ calls }: Seen) =>
  ofAction(calls, "CreateMcpSession").filter(({ status }) => status === 200).length

/** The sessions whose deletion was asked for. None was asked for twice. */
const deleted = ({ calls }: Seen): ReadonlyArray<string> => {
  const ids = ofAction(calls, "DeleteSessionAsync").map(({ sessionId = "" }) => sessionId)
  assert.strictEqual(new Set(ids).size, ids.length, `deletions of ${ids.join()}`)
  return ids
}

/** Sessions are neither made nor ended. */
const none = (seen: Seen) => {
  assert.deepStrictEqual([created(seen), deleted(seen).length], [0, 0], "created and deleted")
  return []
}

/** The session of the round is still there. */
const own = (seen: Seen) => {
  none(seen)
  return [seen.sessionId]
}

const idOf = (session: unknown): string =>
  typeof session === "object" && session !== null && "sessionId" in session
    ? String(session.sessionId)
    : assert.fail("it gives no session")

export const programs: { readonly [name: string]: Program } = {
  sync: {
    run: (place) =>
      Effect.flatMap(existing(place), ({ contextManager, files }) =>
        Effect.zipRight(files.write(`${path}/file`, "content"), contextManager.sync(place.target))
      ),
    left: none
  },
  bind: {
    ownSession: true,
    run: (place) =>
      Effect.flatMap(existing(place), ({ contextManager }) =>
        contextManager.bind(place.target, { awaitDownload: true })
      ),
    left: own
  },
  create: {
    run: ({ target }) => Effect.flatMap(agentBay, ({ create }) => create({ contexts: [target] })),
    // A session that was made belongs to who gets it; if nobody does, it is released, once.
    left: (seen) => {
      const kept = Exit.isSuccess(seen.exit) ? [idOf(seen.exit.value)] : []
      assert.lengthOf(deleted(seen), created(seen) - kept.length, "deletions")
      return kept
    }
  },
  "a scoped session with a bind and a sync": {
    run: ({ target }) =>
      Effect.gen(function* () {
        const session = yield* (yield* agentBay).session()
        yield* session.contextManager.bind(target, { awaitDownload: true })
        yield* session.contextManager.sync()
      }).pipe(Effect.scoped),
    left: (seen) => {
      assert.lengthOf(deleted(seen), created(seen), "deletions")
      return []
    }
  },
  delete: {
    ownSession: true,
    run: (place) => Effect.flatMap(existing(place), (session) => session.delete()),
    // Before its deletion is sent it lives on, and after that it does not.
    left: (seen) => {
      const ids = deleted(seen)
      assert.strictEqual(created(seen), 0, "created")
      if (ids.length === 0) {
        assert.isTrue(Exit.isInterrupted(seen.exit), "it ended without a deletion")
        return [seen.sessionId]
      }
      assert.deepStrictEqual(ids, [seen.sessionId], "deletions")
      return []
    }
  },
  "put a file": {
    run: ({ folder, target }) =>
      Effect.gen(function* () {
        const { files } = (yield* agentBay).contexts
        const content = yield* LocalFile.read(`${folder}/source`)
        yield* files.put(target.contextId, `${path}/stored`, content)
      }),
    left: none
  },
  "get a file": {
    run: ({ folder, target }) =>
      Effect.gen(function* () {
        const { files } = (yield* agentBay).contexts
        yield* LocalFile.write(`${folder}/got`, files.get(target.contextId, `${path}/lasting`))
      }),
    left: none
  }
}
