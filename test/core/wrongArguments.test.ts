/**
 * What no compiler has seen: wrong values for every argument of every public function are an
 * `InvalidArgument`, nothing is sent, and nothing is thrown.
 */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayConfig from "@effect-agentbay/core/AgentBayConfig"
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { actions, requestsOf, wired } from "./wired.js"

// The one cast of this file: a value of a type that the compiler would refuse.
const wrong = (value: unknown): never => value as never

const path = "/home/wuying/a"

/** Neither of them can hold options, or is a schedule, a stream, a text, a number. */
const strangers: ReadonlyArray<unknown> = [null, 5, true, Symbol("any"), 5n, () => 1, [null]]

const asEffect = <A, E>(
  call: Effect.Effect<A, E> | Stream.Stream<A, E>
): Effect.Effect<unknown, E> => (Effect.isEffect(call) ? call : Stream.runDrain(call))

type Call = (
  value: never
) =>
  | Effect.Effect<unknown, { readonly _tag: string }>
  | Stream.Stream<unknown, { readonly _tag: string }>

const refused = (call: Call, value: unknown) =>
  Effect.gen(function* () {
    const before = (yield* actions).length
    const result = yield* Effect.either(asEffect(call(wrong(value))))
    const text = typeof value === "symbol" ? "a symbol" : typeof value
    assert.ok(Either.isLeft(result), `${String(call)} accepts ${text}`)
    assert.strictEqual(result.left._tag, "InvalidArgument", `${String(call)} with ${text}`)
    assert.strictEqual((yield* actions).length, before, `${String(call)} sends something`)
  })

const setUp = Effect.gen(function* () {
  const agentBay = yield* AgentBay.AgentBay
  const context = yield* agentBay.contexts.create("arguments")
  const session = yield* agentBay.create()
  return { agentBay, context, session }
})

describe("wrong arguments", () => {
  it.effect("what cannot hold options is refused, and not read as none", () =>
    Effect.gen(function* () {
      const { agentBay, context, session } = yield* setUp
      const { contexts } = agentBay
      const { contextManager, tools } = session
      const calls: ReadonlyArray<Call> = [
        (options) => agentBay.create(options),
        (options) => Effect.scoped(agentBay.session(options)),
        (options) => agentBay.list(options),
        (options) => agentBay.listPage(options),
        (options) => contexts.list(options),
        (options) => contexts.listPage(options),
        (options) => contexts.clear(context.id, options),
        (options) => contexts.files.list(context.id, "/", options),
        (options) => contexts.files.listPage(context.id, "/", options),
        (filter) => contextManager.info(filter),
        (options) => contextManager.sync(options),
        (options) => contextManager.progress(options),
        (options) => contextManager.bind({ contextId: context.id, path }, options),
        (options) => session.pause(options),
        (options) => session.resume(options),
        (options) => session.delete(options),
        (options) => session.shell("ls", options),
        (options) => tools.call("get_file_info", { path }, options),
        (options) => tools.callJson(Schema.Unknown, "get_file_info", { path }, options)
      ]
      for (const call of calls) {
        for (const value of [...strangers, "a text"]) yield* refused(call, value)
      }
    }).pipe(Effect.provide(wired()))
  )

  it.effect("S3: `delete(true)`, as other clients have it, does not delete without the sync", () =>
    Effect.gen(function* () {
      const { session } = yield* setUp
      yield* refused((options) => session.delete(options), true)
      assert.deepStrictEqual(yield* requestsOf("DeleteSessionAsync"), [])
    }).pipe(Effect.provide(wired()))
  )

  it.effect("single values of options", () =>
    Effect.gen(function* () {
      const { agentBay, context, session } = yield* setUp
      const { contexts } = agentBay
      const { contextManager, tools } = session
      const calls: ReadonlyArray<Call> = [
        (status) => agentBay.list({ status }),
        (labels) => agentBay.list({ labels }),
        (extraConfigs) => agentBay.create({ extraConfigs }),
        (mode) => contextManager.sync({ mode }),
        (taskType) => contextManager.info({ taskType }),
        (schema) => tools.callJson(schema, "get_file_info", { path }),
        (args) => tools.call("get_file_info", args)
      ]
      for (const call of calls) {
        for (const value of strangers) yield* refused(call, value)
      }
      const counts: ReadonlyArray<Call> = [
        (pageSize) => agentBay.list({ pageSize }),
        (page) => agentBay.listPage({ page }),
        (pageSize) => contexts.list({ pageSize }),
        (graceRetries) => contexts.clear(context.id, { graceRetries }),
        (pageSize) => contexts.files.list(context.id, "/", { pageSize }),
        (page) => contexts.files.listPage(context.id, "/", { page }),
        (maxRetries) => contextManager.sync({ maxRetries })
      ]
      for (const call of counts) {
        for (const value of ["5", true, Symbol("any"), 5n, {}, Object.create(null), 1.5, -1]) {
          yield* refused(call, value)
        }
      }
      for (const sync of [null, 5, "yes", [], () => 1]) {
        yield* refused((value) => session.delete({ sync: value }), sync)
      }
      for (const force of [null, 1, "yes"]) {
        yield* refused((value) => session.delete({ sync: true, force: value }), force)
      }
      // Nothing of them would be in the JSON text.
      for (const configs of [new Map([["a", 1]]), new Date(0), { toJSON: () => undefined }]) {
        yield* refused((extraConfigs) => agentBay.create({ extraConfigs }), configs)
      }
    }).pipe(Effect.provide(wired()))
  )

  it.effect("what is no schedule ends a wait before anything is started", () =>
    Effect.gen(function* () {
      const { agentBay, context, session } = yield* setUp
      const contexts = [{ contextId: context.id, path }]
      for (const value of [...strangers, "1 second", {}]) {
        yield* refused((schedule) => session.contextManager.sync({ schedule }), value)
        yield* refused(
          (schedule) =>
            agentBay.create({ contexts, pollPolicy: PollPolicy.fromSchedule(schedule) }),
          value
        )
      }
      const byHand = { _tag: "Spaced", interval: "1 second", maxRetries: 3 }
      yield* refused((pollPolicy) => session.pause({ pollPolicy }), byHand)
      yield* refused(
        (pollPolicy) => agentBay.contexts.clear(context.id, { pollPolicy }),
        "1 second"
      )
    }).pipe(Effect.provide(wired()))
  )

  it.effect("what is no content is neither written nor stored", () =>
    Effect.gen(function* () {
      const { agentBay, context, session } = yield* setUp
      const { files } = agentBay.contexts
      for (const value of [undefined, ...strangers, {}, new ArrayBuffer(3)]) {
        yield* refused((content) => session.files.write(path, content), value)
        yield* refused((content) => session.files.append(path, content), value)
        yield* refused((content) => files.put(context.id, path, content), value)
        for (const length of [0, 3]) {
          yield* refused((stream) => files.put(context.id, path, { length, stream }), value)
        }
      }
      yield* refused((wrongPath) => session.files.read(wrongPath), "/half \ud800")
    }).pipe(Effect.provide(wired()))
  )

  it.effect("a stream of anything but bytes stores nothing", () =>
    Effect.gen(function* () {
      const { agentBay, context } = yield* setUp
      for (const piece of ["ab", [0, 1], null, undefined, new ArrayBuffer(2), 7]) {
        // Two pieces in one chunk are put together, which makes zeros of a text.
        const stream = Stream.make(wrong(piece), wrong(piece))
        for (const length of [0, 2, 4]) {
          const error = yield* Effect.flip(
            agentBay.contexts.files.put(context.id, path, { length, stream })
          )
          assert.ok(error._tag === "InvalidArgument")
          assert.strictEqual(error.argument, "content.stream")
          assert.isTrue(error.brokenOff)
        }
      }
      assert.notInclude(yield* actions, "PUT")
      assert.deepStrictEqual(
        [...(yield* Stream.runCollect(agentBay.contexts.files.list(context.id, "/home/wuying")))],
        []
      )
      const double = yield* AgentBayTest.AgentBayTest
      assert.isAbove((yield* double.timesOf("GetContextFileUploadUrl")).length, 0)
    }).pipe(Effect.provide(wired()))
  )

  it.effect("a part of a policy that is none is refused, and not read as its defaults", () =>
    Effect.gen(function* () {
      const parts = ["upload", "download", "delete", "extract", "recycle", "whiteLists", "mapping"]
      for (const part of parts) {
        for (const value of [
          false,
          true,
          5,
          "Archive",
          () => 1,
          ...(part === "whiteLists" ? [] : [[]])
        ]) {
          const error = yield* Effect.flip(
            SyncPolicy.validate(SyncPolicy.make(wrong({ [part]: value })))
          )
          assert.strictEqual(error._tag, "InvalidArgument")
        }
      }
      for (const value of [...strangers, "Archive"]) {
        yield* Effect.flip(SyncPolicy.validate(SyncPolicy.make(wrong(value))))
        yield* Effect.flip(SyncPolicy.validate(SyncPolicy.make({ whiteLists: [wrong(value)] })))
      }
    })
  )

  it.effect("numbers for a poll policy that are no options are refused", () =>
    Effect.gen(function* () {
      for (const value of [...strangers, "1 second"]) {
        const error = yield* Effect.flip(PollPolicy.validate(PollPolicy.spaced(wrong(value))))
        assert.strictEqual(error.argument, "interval")
      }
    })
  )

  it.effect("what layers are built from", () =>
    Effect.gen(function* () {
      const apiKey = Redacted.make("akm-secret")
      for (const [argument, options] of [
        ["options", null],
        ["options", "akm-secret"],
        ["apiKey", {}],
        ["apiKey", { apiKey: "akm-secret" }],
        ["apiKey", { apiKey: null }],
        ["apiKey", { apiKey: Redacted.make(5) }],
        ["endpoint", { apiKey, endpoint: 5 }],
        ["regionId", { apiKey, regionId: 5 }],
        ["timeout", { apiKey, timeout: {} }]
      ] as const) {
        const error = yield* Effect.flip(AgentBayConfig.make(wrong(options)))
        assert.strictEqual(error.argument, argument)
        assert.notInclude(error.message, "akm-secret")
      }
      for (const [argument, options] of [
        ["options", null],
        ["options", "1 second"],
        ["retryPolicy", { retryPolicy: "1 second" }],
        ["pollPolicy", { pollPolicy: 5 }]
      ] as const) {
        const error = yield* Effect.flip(
          Effect.scoped(
            Layer.build(AgentBayHttp.layer(wrong(options))).pipe(
              Effect.provide(AgentBayConfig.layer({ apiKey })),
              Effect.provide(FetchHttpClient.layer)
            )
          )
        )
        assert.strictEqual(error.argument, argument)
      }
      const error = yield* Effect.flip(ContextManager.make(wrong(null)))
      assert.strictEqual(error.argument, "options")
    }).pipe(Effect.provide(wired()))
  )
})
