/** The effects of the matrix, to be run: each is prepared without faults, and then run with them. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as Session from "@effect-agentbay/core/Session"
import type { ManyResult } from "@effect-agentbay/core/SyncMany"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { EffectName } from "./effects.js"
import { pollsToTheEnd } from "./effects.js"

/** What there is before the faults begin. */
interface World {
  readonly agentBay: AgentBay.Service
  /** A session that has `target` bound to it. */
  readonly session: Session.Session
  readonly target: { readonly contextId: string; readonly path: string }
  /** A context that is bound to no session. */
  readonly other: string
}

type Run = Effect.Effect<unknown, AgentBayError>

/** An answer of the service when nothing goes wrong, by the number of those before it. */
type Good = (index: number) => AgentBayTest.Reply | undefined

export interface Runnable {
  /** Gives what is run with faults. */
  readonly prepare: (world: World) => Effect.Effect<Run, AgentBayError>
  /** Where the service in memory is to say something else. */
  readonly good?: { readonly [action: string]: Good }
}

const running = (run: (world: World) => Run, good?: Runnable["good"]): Runnable => ({
  prepare: (world) => Effect.succeed(run(world)),
  ...(good === undefined ? {} : { good })
})

/** The end of the one sync among many, as if it had been alone. */
const only = <Target>(many: Effect.Effect<ManyResult<Target>, AgentBayError>): Run =>
  Effect.flatMap(many, ({ failed: [failed], succeeded: [done] }) =>
    failed === undefined ? Effect.succeed(done?.result) : Effect.fail(failed.error)
  )

const last = <A>(stream: Stream.Stream<A, AgentBayError>): Run => Stream.runDrain(stream)

/** What is told until the end shows at the last of the polls. */
const untilTheEnd =
  (reply: AgentBayTest.Reply): Good =>
  (index) =>
    index < pollsToTheEnd - 1 ? reply : undefined

const boundLate = { DescribeSessionContexts: untilTheEnd(AgentBayTest.ok([])) }
const goneLate = { GetSessionDetail: untilTheEnd(AgentBayTest.ok({ Status: "DELETING" })) }
const says = (text: string) => ({
  CallMcpTool: () => AgentBayTest.ok({ content: [{ type: "text", text }], isError: false })
})

const file = "/home/wuying/there.txt"

/** With a file in the session. */
const withFile = (run: (session: Session.Session) => Run): Runnable => ({
  prepare: ({ session }) => Effect.as(session.files.write(file, "there"), run(session))
})

/** With a file in the context. */
const withStored = (run: (world: World) => Run): Runnable => ({
  prepare: (world) =>
    Effect.as(world.agentBay.contexts.files.put(world.other, file, "there"), run(world))
})

/** With a context of its own. */
const withContext = (run: (agentBay: AgentBay.Service, id: string) => Run): Runnable => ({
  prepare: ({ agentBay, session }) =>
    Effect.map(agentBay.contexts.create(`of ${session.sessionId}`), ({ id }) => run(agentBay, id))
})

/** With a sync that was started. */
const withToken = (run: (session: Session.Session, token: string) => Run): Runnable => ({
  prepare: ({ session, target }) =>
    Effect.map(session.contextManager.start(target), ({ token }) => run(session, token))
})

const bytes = new TextEncoder().encode("there")

export const runs: { readonly [name in EffectName]: Runnable } = {
  "contextManager.info": running(({ session }) => session.contextManager.info()),
  "contextManager.bindings": running(({ session }) => session.contextManager.bindings),
  "contextManager.sync (one binding)": running(({ session, target }) =>
    session.contextManager.sync(target)
  ),
  "contextManager.sync (everything)": running(({ session }) => session.contextManager.sync()),
  "contextManager.progress": running(({ session, target }) =>
    last(session.contextManager.progress(target))
  ),
  "contextManager.start": running(({ session, target }) => session.contextManager.start(target)),
  "contextManager.resume, then await": withToken((session, token) =>
    Effect.flatMap(session.contextManager.resume(token), (handle) => handle.await)
  ),
  "contextManager.resume, then progress": withToken((session, token) =>
    Effect.flatMap(session.contextManager.resume(token), (handle) => last(handle.progress))
  ),
  "contextManager.resume, then poll": withToken((session, token) =>
    Effect.flatMap(session.contextManager.resume(token), (handle) => handle.poll)
  ),
  "contextManager.syncAll": running(({ session, target }) =>
    only(session.contextManager.syncAll([target]))
  ),
  "contextManager.bind": running(
    ({ other, session }) => session.contextManager.bind({ contextId: other, path: "/other" }),
    boundLate
  ),
  "contextManager.bind (awaitDownload)": running(
    ({ other, session }) =>
      session.contextManager.bind({ contextId: other, path: "/other" }, { awaitDownload: true }),
    boundLate
  ),

  "contexts.get": running(({ agentBay }) => agentBay.contexts.get("other")),
  "contexts.getById": running(({ agentBay, other }) => agentBay.contexts.getById(other)),
  "contexts.create": running(({ agentBay }) => agentBay.contexts.create("third")),
  "contexts.getOrCreate": running(({ agentBay }) => agentBay.contexts.getOrCreate("third")),
  "contexts.list": running(({ agentBay }) => last(agentBay.contexts.list())),
  "contexts.listPage": running(({ agentBay }) => agentBay.contexts.listPage()),
  "contexts.rename": withContext(({ contexts }, id) => contexts.rename(id, `${id} renamed`)),
  "contexts.remove": withContext(({ contexts }, id) => contexts.remove(id)),
  "contexts.clear": running(({ agentBay, other }) => agentBay.contexts.clear(other)),
  "contexts.clearStarted": running(({ agentBay, other }) => agentBay.contexts.clearStarted(other)),
  "contexts.clearStatus": running(({ agentBay, other }) => agentBay.contexts.clearStatus(other)),

  "contexts.files.put": running(({ agentBay, other }) =>
    agentBay.contexts.files.put(other, file, "there")
  ),
  "contexts.files.put (a stream)": running(({ agentBay, other }) =>
    agentBay.contexts.files.put(other, file, {
      stream: Stream.make(bytes.subarray(0, 2), bytes.subarray(2)),
      length: bytes.length
    })
  ),
  "contexts.files.get": withStored(({ agentBay, other }) =>
    last(agentBay.contexts.files.get(other, file))
  ),
  "contexts.files.list": running(({ agentBay, other }) =>
    last(agentBay.contexts.files.list(other, "/"))
  ),
  "contexts.files.listPage": running(({ agentBay, other }) =>
    agentBay.contexts.files.listPage(other, "/")
  ),
  "contexts.files.remove": withStored(({ agentBay, other }) =>
    agentBay.contexts.files.remove(other, file)
  ),
  "contexts.files.uploadUrl": running(({ agentBay, other }) =>
    agentBay.contexts.files.uploadUrl(other, file)
  ),
  "contexts.files.downloadUrl": withStored(({ agentBay, other }) =>
    agentBay.contexts.files.downloadUrl(other, file)
  ),

  "agentBay.create": running(({ agentBay, target }) => agentBay.create({ contexts: [target] })),
  "agentBay.session, to the end of its scope": running(
    ({ agentBay, target }) => Effect.scoped(agentBay.session({ contexts: [target] })),
    goneLate
  ),
  "agentBay.get": running(({ agentBay, session }) => agentBay.get(session.sessionId)),
  "agentBay.list": running(({ agentBay }) => last(agentBay.list())),
  "agentBay.listPage": running(({ agentBay }) => agentBay.listPage()),
  "agentBay.syncSessions": running(({ agentBay, session, target }) =>
    only(agentBay.syncSessions([{ sessionId: session.sessionId, ...target }]))
  ),

  "session.delete": running(({ session }) => session.delete(), goneLate),
  "session.delete (sync)": running(({ session }) => session.delete({ sync: true }), goneLate),
  "session.status": running(({ session }) => session.status),
  "session.keepAlive": running(({ session }) => session.keepAlive),
  "session.labels.get": running(({ session }) => session.labels.get),
  "session.labels.set": running(({ session }) => session.labels.set({ of: "test" })),
  "session.pause": running(({ session }) => session.pause()),
  "session.resume": {
    prepare: ({ session }) => Effect.as(session.pause(), session.resume())
  },

  "session.shell": running(({ session }) => session.shell("true"), says('{"exit_code":0}')),
  "session.tools.list": running(({ session }) => session.tools.list),
  "session.tools.call (any tool)": running(
    ({ session }) => session.tools.call("get_metrics"),
    says("{}")
  ),
  "session.tools.call (a tool that only reads)": withFile((session) =>
    session.tools.call("get_file_info", { path: file })
  ),
  "session.tools.callJson": running(
    ({ session }) => session.tools.callJson(Schema.Struct({}), "get_metrics"),
    says("{}")
  ),
  "session.files.read": withFile((session) => session.files.read(file)),
  "session.files.readString": withFile((session) => session.files.readString(file)),
  "session.files.write": running(({ session }) => session.files.write(file, "new")),
  "session.files.append": withFile((session) => session.files.append(file, "more")),
  "session.files.stat": withFile((session) => session.files.stat(file)),
  "session.files.list": running(({ session }) => session.files.list("/home/wuying")),
  "session.files.move": withFile((session) => session.files.move(file, `${file}.moved`)),
  "session.files.remove": withFile((session) => session.files.remove(file)),
  "session.files.makeDirectory": running(({ session }) =>
    session.files.makeDirectory("/home/wuying/new")
  )
}

/** What is made once for many cells. */
export const makeContexts = Effect.gen(function* () {
  const { contexts } = yield* AgentBay.AgentBay
  const work = yield* contexts.getOrCreate("work")
  const other = yield* contexts.getOrCreate("other")
  return { work: work.id, other: other.id }
})

/** What each cell begins with. */
export const makeWorld = ({
  other,
  work
}: {
  readonly other: string
  readonly work: string
}): Effect.Effect<World, AgentBayError, AgentBay.AgentBay> =>
  Effect.gen(function* () {
    const agentBay = yield* AgentBay.AgentBay
    const target = { contextId: work, path: "/work" }
    const session = yield* agentBay.create({ contexts: [{ ...target, waitForDownload: false }] })
    return { agentBay, session, target, other }
  })
