import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as Protocol from "@effect-agentbay/core/Protocol"
import type * as Faults from "@effect-agentbay/node/Faults"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { temporaryDirectory } from "./life.js"
import * as Wire from "./wire.js"

const path = "/home/wuying/work"

/** Our client, over real sockets, with a server in this process that behaves at first. */
const withServer = <A, E>(
  test: Effect.Effect<
    A,
    E,
    AgentBay.AgentBay | AgentBayHttp.AgentBayHttp | LocalAgentBay.LocalAgentBay
  >,
  options: LocalAgentBay.Options = {}
) =>
  Effect.gen(function* () {
    const dataDirectory = yield* temporaryDirectory
    return yield* Effect.provide(
      test,
      NodeAgentBay.layerLocal({
        dataDirectory,
        pollPolicy: PollPolicy.fromSchedule(
          Schedule.spaced("2 millis").pipe(Schedule.intersect(Schedule.recurs(500)))
        ),
        retryPolicy: Schedule.stop,
        ...options
      })
    )
  })

/** A session with one file that nobody has uploaded yet. */
const prepared = Effect.gen(function* () {
  const agentBay = yield* AgentBay.AgentBay
  const server = yield* LocalAgentBay.LocalAgentBay
  const context = yield* agentBay.contexts.getOrCreate("work")
  const session = yield* agentBay.create({ contexts: [{ contextId: context.id, path }] })
  yield* session.files.write(`${path}/a.txt`, "a")
  const target = { contextId: context.id, path }
  return {
    server,
    session,
    target,
    misbehave: server.faults.set,
    calls: (action: string) =>
      Effect.map(server.admin.calls(), (calls) => calls.filter((call) => call.action === action)),
    sync: session.contextManager.sync(target)
  }
})

const polls: Faults.Input[number]["when"] = { action: "GetContextInfo" }

describe("faults of tasks", () => {
  it.scopedLive("a task is seen running for as many polls as it is told to", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        yield* misbehave([{ when: { taskType: "upload" }, then: { task: { polls: 3 } } }])
        const result = yield* sync
        assert.strictEqual(result.outcome, "Completed")
        // More when the transfer itself takes its time.
        assert.isAtLeast(result.polls, 4)
      })
    )
  )

  it.scopedLive("a task is seen running for as long as it is told to, by the server's clock", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, server, session } = yield* prepared
        yield* session.files.write(`${path}/a.txt`, "aaaa")
        yield* misbehave([
          { when: { taskType: "upload" }, then: { task: { lasts: "200 seconds" } } }
        ])
        yield* Wire.call("SyncContext", { SessionId: session.sessionId })
        yield* server.admin.advance("100 seconds")
        const uploads = Wire.info(session.sessionId, { TaskType: "upload" })
        // The half of what has been moved in truth.
        const [half] = yield* Wire.eventually(uploads, ([task]) => task?.bytesDone === 2)
        assert.strictEqual(half?.status, "Running")
        assert.strictEqual(half?.finishTime, 0)
        yield* server.admin.advance("100 seconds")
        const [end] = yield* uploads
        assert.strictEqual(end?.status, "Success")
        assert.strictEqual(end?.bytesDone, 4)
        assert.isAtLeast(end?.finishTime ?? 0, (end?.startTime ?? 0) + 200)
      })
    )
  )

  it.scopedLive("C5: a stale task is listed for n polls, and the sync is not fooled", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, session, sync, server } = yield* prepared
        yield* sync
        yield* session.files.write(`${path}/b.txt`, "b")
        yield* misbehave([{ when: { taskType: "upload" }, then: { task: { stale: 3 } } }])
        const result = yield* sync
        assert.strictEqual(result.outcome, "Completed")
        // More when the transfer itself takes its time.
        assert.isAtLeast(result.polls, 4)
        // What an official client would have taken for the end of this sync.
        yield* server.faults.set([{ when: { taskType: "upload" }, then: { task: { stale: 1 } } }])
        const before = yield* Wire.info(session.sessionId, { TaskType: "upload" })
        yield* Wire.call("SyncContext", { SessionId: session.sessionId })
        const [shown] = yield* Wire.info(session.sessionId, { TaskType: "upload" })
        assert.strictEqual(shown?.status, "Success")
        assert.strictEqual(shown?.taskId, before[0]?.taskId)
        const [next] = yield* Wire.info(session.sessionId, { TaskType: "upload" })
        assert.notStrictEqual(next?.taskId, before[0]?.taskId)
      })
    )
  )

  it.scopedLive("C6: a hidden task is waited for; hidden for longer it is NothingToSync", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        const upload = { taskType: "upload" } as const
        yield* misbehave([{ when: upload, then: { task: { hidden: 3 } } }])
        const late = yield* sync
        assert.strictEqual(late.outcome, "Completed")
        assert.isAtLeast(late.polls, 4)
        yield* misbehave([{ when: upload, then: { task: { hidden: 1000 } } }])
        assert.strictEqual((yield* sync).outcome, "NothingToSync")
      })
    )
  )

  it.scopedLive("C7: a failing task fails the sync with its message", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        yield* misbehave([
          { when: { taskType: "upload" }, then: { task: { polls: 1, fail: "disk full" } } }
        ])
        const error = yield* Effect.flip(sync)
        assert.strictEqual(error._tag, "SyncFailed")
        assert.include(error.message, "disk full")
      })
    )
  )

  it.scopedLive("other words for running and for the end", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, session, sync } = yield* prepared
        yield* misbehave([
          {
            when: { taskType: "upload" },
            then: { task: { polls: 2, status: "Uploading", endStatus: "Cancelled" } }
          }
        ])
        yield* Wire.call("SyncContext", { SessionId: session.sessionId })
        const words = new Set<string | undefined>()
        yield* Wire.eventually(Wire.info(session.sessionId, { TaskType: "upload" }), ([task]) =>
          words.add(task?.status).has("Cancelled")
        )
        assert.deepStrictEqual([...words], ["Uploading", "Cancelled"])
        const error = yield* Effect.flip(sync)
        assert.strictEqual(error._tag, "SyncFailed")
        assert.include(error.message, "Cancelled")
      })
    )
  )

  it.scopedLive("a rule means the tasks it names, and counts them", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        yield* misbehave([
          { when: { path: "/elsewhere" }, then: { task: { fail: "another path" } } },
          { when: { taskType: "upload", calls: [2] }, then: { task: { fail: "the second" } } }
        ])
        assert.strictEqual((yield* sync).outcome, "Completed")
        assert.include((yield* Effect.flip(sync)).message, "the second")
        assert.strictEqual((yield* sync).outcome, "Completed")
      })
    )
  )

  it.scopedLive("the files are moved all the same, and without rules all is as it was", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, server, session, sync } = yield* prepared
        yield* misbehave([{ then: { task: { fail: "shown only" } } }])
        yield* Effect.flip(sync)
        yield* server.faults.clear
        assert.deepStrictEqual(yield* server.faults.rules, [])
        const [, upload] = yield* Wire.info(session.sessionId)
        assert.strictEqual(upload?.status, "Success")
      })
    )
  )
})

describe("faults of calls", () => {
  it.scopedLive("C1: an API error at the third poll ends the sync with that error", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        for (const soft of [true, false]) {
          yield* misbehave([
            { when: { taskType: "upload" }, then: { task: { polls: 100 } } },
            {
              when: { ...polls, calls: 3 },
              then: { error: { code: "InvalidMcpSession.NotFound", message: "gone", soft } }
            }
          ])
          const error = yield* Effect.flip(sync)
          assert.strictEqual(error._tag, "ApiError")
          assert.include(error.message, "gone")
        }
      })
    )
  )

  it.scopedLive("C4: a soft error without a code is an error", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        yield* misbehave([{ when: { ...polls, calls: 2 }, then: { error: { soft: true } } }])
        const error = yield* Effect.flip(sync)
        assert.strictEqual(error._tag, "ApiError")
      })
    )
  )

  it.scopedLive("C3: an unreadable status text ends the sync, the page of a proxy does not", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, sync } = yield* prepared
        for (const malformed of ["status", "items"] as const) {
          yield* misbehave([{ when: { ...polls, calls: 2 }, then: { malformed } }])
          const error = yield* Effect.flip(sync)
          assert.strictEqual(error._tag === "TransportError" && error.reason, "Decode", malformed)
        }
        for (const malformed of ["html", "empty", "cut"] as const) {
          yield* misbehave([{ when: { ...polls, calls: 2 }, then: { malformed } }])
          const result = yield* sync
          assert.deepStrictEqual([result.outcome, result.polls > 1], ["Completed", true], malformed)
        }
      })
    )
  )

  it.scopedLive("any text is sent as it is, and noData has no data", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, session } = yield* prepared
        const info = Wire.request("GetContextInfo", { SessionId: session.sessionId })
        yield* misbehave([
          {
            then: {
              malformed: { text: '{"odd":1}', contentType: "text/plain", httpStatus: 207 }
            }
          }
        ])
        assert.deepStrictEqual(yield* info, {
          status: 207,
          contentType: "text/plain",
          body: { odd: 1 }
        })
        yield* misbehave([{ then: { malformed: "noData" } }])
        const answer = yield* info
        assert.isTrue(Wire.at(answer.body, "Success"))
        assert.notProperty(answer.body, "Data")
      })
    )
  )

  for (const drop of ["before", "after", "midway"] as const) {
    it.scopedLive(`a connection that is dropped ${drop} at a poll is no end`, () =>
      withServer(
        Effect.gen(function* () {
          const { calls, misbehave, sync } = yield* prepared
          yield* misbehave([{ when: { ...polls, calls: { from: 2, to: 4 } }, then: { drop } }])
          const { length } = yield* calls("GetContextInfo")
          const result = yield* sync
          assert.strictEqual(result.outcome, "Completed")
          assert.isAtLeast(result.polls, 4)
          // After the look at what was there before.
          const dropped = (yield* calls("GetContextInfo")).slice(length + 1, length + 4)
          const status = drop === "midway" ? 200 : 0
          assert.deepStrictEqual(
            dropped.map((call) => call.status),
            [status, status, status]
          )
        })
      )
    )
  }

  it.scopedLive("dropped before, a call was not made; dropped after, it was", () =>
    withServer(
      Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        const { admin, faults } = yield* LocalAgentBay.LocalAgentBay
        for (const [drop, names] of [
          ["before", []],
          ["after", ["lost"]],
          ["midway", ["lost"]]
        ] as const) {
          yield* admin.reset
          yield* faults.set([{ when: { action: "GetContext" }, then: { drop } }])
          const error = yield* Effect.flip(agentBay.contexts.getOrCreate("lost"))
          assert.strictEqual(error._tag === "TransportError" && error.reason, "Transport")
          const { contexts } = yield* admin.state
          assert.deepStrictEqual(
            contexts.map(({ name }) => name),
            [...names]
          )
        }
      })
    )
  )

  it.scopedLive("throttling tells when to come back, in both headers, and is obeyed", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, server, sync } = yield* prepared
        yield* misbehave([
          {
            when: { ...polls, calls: 2 },
            then: { error: { httpStatus: 429, code: "Throttling.User", retryAfter: "400 millis" } }
          }
        ])
        const answers = yield* Effect.promise(async () => {
          const send = () =>
            fetch(`${server.url}/?Action=GetContextInfo`, {
              method: "POST",
              body: new URLSearchParams({
                Authorization: `Bearer ${Redacted.value(server.apiKey)}`,
                SessionId: "none"
              })
            })
          await send()
          return await send()
        })
        assert.strictEqual(answers.status, 429)
        assert.strictEqual(answers.headers.get("retry-after"), "1")
        assert.strictEqual(answers.headers.get("x-acs-retry-after"), "400")
        yield* misbehave([
          {
            when: { ...polls, calls: 2 },
            then: { error: { httpStatus: 429, code: "Throttling.User", retryAfter: "400 millis" } }
          }
        ])
        const result = yield* sync
        assert.strictEqual(result.outcome, "Completed")
        const times = (yield* server.admin.calls())
          .filter((call) => call.action === "GetContextInfo")
          .slice(-2)
          .map((call) => Date.parse(call.at))
        assert.isAtLeast((times[1] ?? 0) - (times[0] ?? 0), 399)
      })
    )
  )

  it.scopedLive("latency holds back the call itself, by the server's clock", () =>
    withServer(
      Effect.gen(function* () {
        const agentBay = yield* AgentBay.AgentBay
        const { admin, faults } = yield* LocalAgentBay.LocalAgentBay
        yield* faults.set([{ when: { action: "GetContext" }, then: { latency: "1 hour" } }])
        const waiting = yield* Effect.fork(agentBay.contexts.getOrCreate("late"))
        yield* Wire.call("ListSession", { Labels: {} })
        assert.deepStrictEqual((yield* admin.state).contexts, [])
        // Its call may be on its way still: pushed again and again, it is met at last.
        const pushing = Effect.zipRight(admin.advance("1 hour"), Effect.sleep("5 millis"))
        const pusher = yield* Effect.fork(Effect.forever(pushing))
        assert.strictEqual((yield* Fiber.join(waiting)).name, "late")
        yield* Fiber.interrupt(pusher)
      })
    )
  )

  it.scopedLive("a rule means the calls it names: action, session, context, path, type", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, session, target } = yield* prepared
        const filter = { ContextId: target.contextId, Path: path, TaskType: "upload" }
        const isHit = (when: NonNullable<Faults.Input[number]["when"]>) =>
          misbehave([{ when, then: { error: { code: "Hit" } } }]).pipe(
            Effect.zipRight(
              Wire.request("GetContextInfo", { SessionId: session.sessionId, ...filter })
            ),
            Effect.map((answer) => Wire.at(answer.body, "Code") === "Hit")
          )
        const fitting = {
          action: ["SyncContext", "GetContextInfo"] as const,
          sessionId: session.sessionId,
          contextId: target.contextId,
          path,
          taskType: "upload" as const
        }
        assert.isTrue(yield* isHit(fitting))
        assert.isTrue(yield* isHit({}))
        for (const other of [
          { action: "SyncContext" },
          { sessionId: "other" },
          { contextId: "other" },
          { path: "/other" },
          { taskType: "download" as const }
        ]) {
          assert.isFalse(yield* isHit({ ...fitting, ...other }), JSON.stringify(other))
        }
      })
    )
  )

  it.scopedLive("every rule counts, the first that means the call says what happens", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave } = yield* prepared
        const codes = (count: number) =>
          Effect.replicateEffect(
            Effect.map(Wire.request("ListSession", { Labels: {} }), (answer) =>
              Wire.at(answer.body, "Code")
            ),
            count
          )
        yield* misbehave([
          { when: { calls: { from: 2, to: 3 } }, then: { error: { code: "A" } } },
          { when: { calls: [3, 4] }, then: { error: { code: "B" } } }
        ])
        assert.deepStrictEqual(yield* codes(5), ["ok", "A", "A", "B", "ok"])
        const half = [
          { when: { calls: { probability: 0.5, seed: 7 } }, then: { error: { code: "C" } } }
        ]
        yield* misbehave(half)
        const first = yield* codes(20)
        yield* misbehave(half)
        assert.deepStrictEqual(yield* codes(20), first)
        assert.includeMembers(first, ["ok", "C"])
      })
    )
  )

  it.scopedLive("who has not the key meets no rule and counts for none", () =>
    withServer(
      Effect.gen(function* () {
        const { misbehave, server } = yield* prepared
        yield* misbehave([{ when: { calls: 1 }, then: { error: { code: "Hit" } } }])
        const stranger = yield* Wire.send(`${server.url}/?Action=ListSession`, { body: "" })
        assert.strictEqual(Wire.at(stranger.body, "Code"), "NOT_LOGIN")
        const answer = yield* Wire.request("ListSession", { Labels: {} })
        assert.strictEqual(Wire.at(answer.body, "Code"), "Hit")
      })
    )
  )

  it.scopedLive("rules that the layer is given hold from the start", () =>
    withServer(
      Effect.gen(function* () {
        const http = yield* AgentBayHttp.AgentBayHttp
        const error = yield* Effect.flip(http.callOnce(Protocol.ListSession, { labels: {} }))
        assert.include(error.message, "from the start")
      }),
      { faults: [{ then: { error: { code: "X", message: "from the start" } } }] }
    )
  )

  it.scopedLive("rules that make no sense keep the server from starting", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        withServer(Effect.void, { faults: [{ name: "odd", then: { latency: "soon" } }] })
      )
      assert.strictEqual(error._tag === "LocalAgentBayError" && error.reason, "Faults")
      assert.include(error.message, 'rule 1 ("odd"): then.latency')
    })
  )
})
