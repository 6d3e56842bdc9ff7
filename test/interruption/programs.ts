/** The operations of the client as programs that can be interrupted. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { count, type Program } from "./rounds.js"
import type { Sent } from "./service.js"

const agentBay = AgentBay.AgentBay

const bindingAt = (path: string, name: string) =>
  Effect.flatMap(agentBay, ({ contexts }) =>
    Effect.map(contexts.getOrCreate(name), ({ id }) => ({ contextId: id, path }))
  )

const work = bindingAt("/home/wuying/work", "work")
const notes = bindingAt("/home/wuying/notes", "notes")

/** A session with two bindings. */
const session = Effect.gen(function* () {
  const targets = [yield* work, yield* notes] as const
  const made = yield* (yield* agentBay).create({ contexts: targets })
  return { session: made, sessionId: made.sessionId, manager: made.contextManager, targets }
})

type Prepared = Effect.Effect.Success<typeof session>

const freshSession = () => session

const answered = (sent: ReadonlyArray<Sent>, action: string) =>
  sent.some((request) => request.action === action && request.end === "answered")

/** A session that was made belongs to a scope, or to who made it unless that was interrupted. */
const createAndRelease = ["CreateMcpSession", "DeleteSessionAsync"]

const deletedWith = (seen: { readonly sent: ReadonlyArray<Sent> }, isOurs: boolean) => {
  const wanted = isOurs && answered(seen.sent, "CreateMcpSession") ? 1 : 0
  assert.strictEqual(count(seen.sent, "DeleteSessionAsync"), wanted, "deletions")
  const deletions = seen.sent.filter(({ action }) => action === "DeleteSessionAsync")
  assert.isTrue(
    deletions.every(({ arrived }) => arrived),
    "deletions arrive"
  )
}

const length = 40
const pieces = Array.from({ length: 5 }, (_, index) => new Uint8Array(8).fill(index + 1))

/** A source that knows how often it was opened and is still open. */
const makeSource = () => {
  const state = { opened: 0, open: 0 }
  const stream = Stream.acquireRelease(
    Effect.sync(() => {
      state.opened += 1
      state.open += 1
    }),
    () =>
      Effect.sync(() => {
        state.open -= 1
      })
  ).pipe(Stream.flatMap(() => Stream.rechunk(Stream.fromIterable(pieces), 1)))
  return { state, stream }
}

const file = "/home/wuying/work/file"

const storage = Effect.gen(function* () {
  const { contexts } = yield* agentBay
  const { id } = yield* contexts.getOrCreate("files")
  yield* contexts.files.put(id, file, new Uint8Array(length))
  return { id, source: makeSource(), files: contexts.files }
})

const stored = ({ files, id }: Effect.Effect.Success<typeof storage>) =>
  Effect.map(Stream.runCollect(files.get(id, file)), (chunks) =>
    [...chunks].flatMap((bytes) => [...bytes])
  )

/** Adds a type to a program, and takes it away for the list. */
const program = <P>(one: Program<P>): Program<unknown> =>
  // What it gets is what it has prepared itself.
  one as Program<unknown>

const upload = ["SyncContext"]

export const programs: ReadonlyArray<Program<unknown>> = [
  program<Prepared>({
    name: "sync of one binding",
    prepare: session,
    run: ({ manager, targets }) => manager.sync(targets[0]),
    once: upload
  }),
  program<Prepared>({
    name: "sync of everything",
    prepare: session,
    run: ({ manager }) => manager.sync(),
    once: upload
  }),
  program<Prepared>({
    name: "sync through a narrow gate",
    http: { maxConcurrency: 1, rateLimit: { limit: 2, interval: 200 } },
    prepare: session,
    run: ({ manager }) => manager.sync(),
    once: upload
  }),
  program<Prepared>({
    name: "two syncs with one trigger",
    prepare: session,
    run: ({ manager, targets: [target] }) =>
      Effect.all(
        [manager.sync({ ...target, join: true }), manager.sync({ ...target, join: true })],
        { concurrency: "unbounded" }
      ),
    once: upload
  }),
  program<Prepared>({
    name: "progress",
    everyStep: true,
    prepare: session,
    run: ({ manager, targets }) => Stream.runDrain(manager.progress(targets[0])),
    once: upload
  }),
  program<Prepared>({
    name: "a handle",
    prepare: session,
    run: ({ manager, targets }) =>
      Effect.flatMap(manager.start(targets[0]), (handle) => handle.await),
    once: upload
  }),
  program<Prepared>({
    name: "bind",
    prepare: session,
    anew: freshSession,
    run: ({ manager }) =>
      Effect.flatMap(bindingAt("/home/wuying/more", "more"), (more) =>
        manager.bind(more, { awaitDownload: true })
      ),
    once: ["BindContexts"]
  }),
  program({
    name: "create",
    prepare: Effect.all([work, notes]),
    run: (contexts) => Effect.flatMap(agentBay, ({ create }) => create({ contexts })),
    cleaning: createAndRelease,
    once: createAndRelease,
    holds: (seen) => deletedWith(seen, Exit.isInterrupted(seen.exit))
  }),
  program({
    name: "create whose answer is lost",
    prepare: Effect.void,
    fate: (action) => (action === "CreateMcpSession" ? "lost" : "answered"),
    run: () => Effect.flatMap(agentBay, ({ create }) => Effect.either(create())),
    cleaning: ["CreateMcpSession"],
    once: createAndRelease,
    // Nobody knows the id of the session, if there is one.
    holds: (seen) => deletedWith(seen, true)
  }),
  program({
    name: "create without downloads",
    prepare: Effect.void,
    run: () => Effect.flatMap(agentBay, ({ create }) => create()),
    cleaning: createAndRelease,
    once: createAndRelease,
    holds: (seen) => deletedWith(seen, Exit.isInterrupted(seen.exit))
  }),
  program({
    name: "a scoped session with a sync in it",
    everyStep: true,
    prepare: work,
    run: (target) =>
      Effect.scoped(
        Effect.flatMap(agentBay, (service) =>
          Effect.flatMap(service.session({ contexts: [target] }), ({ contextManager }) =>
            contextManager.sync(target)
          )
        )
      ),
    cleaning: [...createAndRelease, "GetSessionDetail"],
    once: [...createAndRelease, ...upload],
    holds: (seen) => deletedWith(seen, true)
  }),
  program<Prepared>({
    name: "delete",
    everyStep: true,
    prepare: session,
    anew: freshSession,
    run: ({ session }) => session.delete(),
    cleaning: ["DeleteSessionAsync"],
    once: ["DeleteSessionAsync"],
    holds: ({ sent }) => {
      for (const { arrived } of sent.filter(({ action }) => action === "DeleteSessionAsync")) {
        assert.isTrue(arrived, "a deletion that was sent arrives")
      }
    }
  }),
  program<Prepared>({
    name: "delete after a last sync",
    prepare: session,
    anew: freshSession,
    run: ({ session }) => session.delete({ sync: true }),
    cleaning: ["DeleteSessionAsync"],
    once: ["DeleteSessionAsync", ...upload]
  }),
  program<Effect.Effect.Success<typeof storage>>({
    name: "put",
    prepare: storage,
    anew: (prepared) =>
      Effect.as(prepared.files.put(prepared.id, file, new Uint8Array(length)), prepared),
    run: ({ files, id, source: { stream } }) => files.put(id, file, { stream, length }),
    once: ["PUT"],
    holds: ({ prepared: { source } }) => {
      assert.strictEqual(source.state.open, 0, "sources that are open")
    },
    afterwards: (prepared, { sent }) =>
      Effect.map(stored(prepared), (bytes) => {
        const isNew = sent.some(({ action, arrived }) => action === "PUT" && arrived)
        const whole = pieces.flatMap((piece) => [...piece])
        assert.deepStrictEqual(bytes, isNew ? whole : Array<number>(length).fill(0))
      })
  }),
  program<Effect.Effect.Success<typeof storage>>({
    name: "get",
    everyStep: true,
    prepare: storage,
    run: (prepared) => stored(prepared),
    once: ["GET"]
  }),
  program<Prepared>({
    name: "many syncs",
    prepare: session,
    run: ({ manager, targets }) => manager.syncAll(targets),
    once: []
  }),
  program<Prepared>({
    name: "many syncs with a time limit",
    prepare: session,
    run: ({ manager, targets }) => manager.syncAll(targets, { timeout: "1 minute" }),
    once: []
  }),
  program<Effect.Effect.Success<typeof storage>>({
    name: "many files at once",
    prepare: storage,
    run: (prepared) =>
      Effect.all([stored(prepared), stored(prepared), prepared.files.put(prepared.id, "/a", "a")], {
        concurrency: "unbounded"
      }),
    once: ["PUT"]
  })
]
