/**
 * Test doubles: AgentBay in memory, with scripted replies where a test wants to say what
 * the service answers. Everything above the HTTP client is the real library, so a program
 * under test behaves as it would against the service, also under `TestClock`.
 *
 * The service in memory answers every action. It keeps contexts with their files, sessions
 * with theirs, labels and states, and it moves files as the policies of their bindings say:
 * `autoUpload`, `autoDownload`, `syncLocalFile`, `bwList` and `mappingPolicy` are obeyed;
 * archives and expiry are not. Its sessions have the file tools; `shell` and all other tools
 * are not found, unless a script answers `CallMcpTool`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as AgentBay from "./AgentBay.js"
import * as AgentBayConfig from "./AgentBayConfig.js"
import type { InvalidArgument } from "./AgentBayError.js"
import type * as AgentBayHttp from "./AgentBayHttp.js"
import { makeScriptedClient, type Script, type Service } from "./internal/scriptedClient.js"

export type {
  Action,
  FileMethod,
  RecordedRequest,
  Replies,
  Script,
  Service
} from "./internal/scriptedClient.js"
export type { StatusItem } from "./internal/statusItem.js"
export {
  delayed,
  fault,
  file,
  never,
  ok,
  raw,
  refuse,
  refuseSoftly,
  type Reply,
  status
} from "./internal/testReply.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends AgentBayHttp.ClientOptions {
  /** What to answer instead of the service in memory. */
  readonly script?: Script | undefined
  /**
   * For how many status requests of the service in memory a transfer runs, a clear lasts, and
   * a session is on its way into or out of its pause. Default: 1, so that a program sees it
   * once.
   */
  readonly taskPolls?: number | undefined
  /** The API key of the client. Default: a fixed one that the double accepts. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
}

/**
 * The double's own service, to look at what was sent.
 *
 * @since 0.1.0
 * @category tags
 */
export class AgentBayTest extends Context.Tag("@effect-agentbay/core/AgentBayTest")<
  AgentBayTest,
  Service
>() {}

const doubles = (options: Options) =>
  Layer.effectContext(
    Effect.sync(() => {
      const { client, service } = makeScriptedClient({
        script: options.script ?? {},
        taskPolls: options.taskPolls ?? 1
      })
      return Context.make(AgentBayTest, service).pipe(Context.add(HttpClient.HttpClient, client))
    })
  )

/**
 * AgentBay for tests: provide it instead of the real layer and change nothing else.
 *
 * @example
 * ```ts
 * import { AgentBay, AgentBayTest } from "@effect-agentbay/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const agentBay = yield* AgentBay.AgentBay
 *   const session = yield* agentBay.get("session-1")
 *   return yield* session.contextManager.sync({ contextId: "SdkCtx-1", path: "/work" })
 * })
 *
 * // the service refuses; the program sees the typed error
 * const test = program.pipe(
 *   Effect.flip,
 *   Effect.provide(
 *     AgentBayTest.layer({
 *       script: {
 *         GetSession: AgentBayTest.ok({ SessionId: "session-1", Success: true }),
 *         SyncContext: AgentBayTest.refuse({ code: "InvalidMcpSession.NotFound" })
 *       }
 *     })
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<AgentBay.AgentBay | AgentBayHttp.AgentBayHttp | AgentBayTest, InvalidArgument> =>
  AgentBay.layerHttp(options).pipe(
    Layer.provide(
      AgentBayConfig.layer({
        apiKey: options.apiKey ?? Redacted.make("akm-test"),
        endpoint: "agentbay.test"
      })
    ),
    Layer.provideMerge(doubles(options))
  )
