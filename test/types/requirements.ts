/**
 * What the compiler must say about the public types. Nothing here runs: `tsc -b` fails when
 * a requirement leaks, an error union grows or shrinks, or a wrong option is taken.
 */
import type * as AgentBay from "@effect-agentbay/core/AgentBay"
import type { AgentBayConfig } from "@effect-agentbay/core/AgentBayConfig"
import type * as AgentBayConfigModule from "@effect-agentbay/core/AgentBayConfig"
import type {
  AgentBayError,
  ApiError,
  CallError,
  InvalidArgument,
  SyncFailed,
  SyncTimeout,
  ToolError,
  TransportError
} from "@effect-agentbay/core/AgentBayError"
import type * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import type * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import type * as ContextManager from "@effect-agentbay/core/ContextManager"
import type * as Contexts from "@effect-agentbay/core/Contexts"
import type { ContextInfoResult, ContextSyncResult } from "@effect-agentbay/core/ContextStatus"
import type * as Session from "@effect-agentbay/core/Session"
import type * as SessionFiles from "@effect-agentbay/core/SessionFiles"
import type * as SessionShell from "@effect-agentbay/core/SessionShell"
import type * as SessionTools from "@effect-agentbay/core/SessionTools"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/** `true` only when both types are the very same. */
type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for `true`. */
type Assert<T extends true> = T

/** What an effect, a stream, or a function that gives one, needs and fails with. */
type Given<F> = F extends (...args: never) => infer R ? R : F
type Needs<F> =
  Given<F> extends Effect.Effect<unknown, unknown, infer R>
    ? R
    : Given<F> extends Stream.Stream<unknown, unknown, infer R>
      ? R
      : "no effect"
type Fails<F> =
  Given<F> extends Effect.Effect<unknown, infer E, unknown>
    ? E
    : Given<F> extends Stream.Stream<unknown, infer E, unknown>
      ? E
      : "no effect"
type Gives<F> =
  Given<F> extends Effect.Effect<infer A, unknown, unknown>
    ? A
    : Given<F> extends Stream.Stream<infer A, unknown, unknown>
      ? A
      : "no effect"

type Out<L> = L extends Layer.Layer<infer A, infer _E, infer _R> ? A : "no layer"
type LayerError<L> = L extends Layer.Layer<infer _A, infer E, infer _R> ? E : "no layer"
type In<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : "no layer"

// The assertions would be worth nothing if `Equals` said yes to everything.
export type ItCanFail = [
  Assert<Equals<Equals<ApiError, CallError>, false>>,
  Assert<Equals<Equals<never, unknown>, false>>,
  // @ts-expect-error a union is not one of its parts
  Assert<Equals<ApiError, CallError>>
]

export type TheErrors = [
  Assert<Equals<CallError, TransportError | ApiError>>,
  Assert<
    Equals<
      AgentBayError,
      TransportError | ApiError | InvalidArgument | SyncFailed | SyncTimeout | ToolError
    >
  >,
  Assert<
    Equals<
      ContextManager.SyncError,
      TransportError | ApiError | InvalidArgument | SyncFailed | SyncTimeout
    >
  >,
  Assert<Equals<AgentBay.CreateError, ContextManager.SyncError>>,
  Assert<Equals<SessionFiles.FileError, TransportError | ApiError | ToolError | InvalidArgument>>
]

type Manager = ContextManager.Service

export type OfContextManager = [
  Assert<Equals<Needs<Manager["info" | "bindings" | "bind" | "sync" | "progress"]>, never>>,
  Assert<Equals<Fails<Manager["bind"]>, ContextManager.SyncError>>,
  Assert<Equals<Gives<Manager["bind"]>, Gives<Manager["bindings"]>>>,
  Assert<Equals<Fails<Manager["info"]>, CallError | InvalidArgument>>,
  Assert<Equals<Fails<Manager["bindings"]>, CallError>>,
  Assert<Equals<Fails<Manager["sync"]>, ContextManager.SyncError>>,
  Assert<Equals<Fails<Manager["progress"]>, ContextManager.SyncError>>,
  Assert<Equals<Gives<Manager["info"]>, ContextInfoResult>>,
  Assert<Equals<Gives<Manager["sync"]>, ContextSyncResult>>
]

type OneSession = Session.Session

export type OfSession = [
  Assert<Equals<Needs<OneSession["status" | "delete" | "keepAlive" | "pause" | "resume"]>, never>>,
  Assert<Equals<Fails<OneSession["keepAlive"]>, CallError>>,
  Assert<Equals<Gives<OneSession["keepAlive"]>, void>>,
  Assert<Equals<Fails<OneSession["pause" | "resume"]>, CallError | InvalidArgument | SyncTimeout>>,
  Assert<Equals<Gives<OneSession["pause" | "resume"]>, void>>,
  Assert<Equals<Fails<OneSession["status"]>, CallError>>,
  Assert<Equals<Fails<OneSession["delete"]>, ContextManager.SyncError>>,
  Assert<Equals<OneSession["contextManager"], Manager>>,
  Assert<Equals<OneSession["files"], SessionFiles.SessionFiles>>,
  Assert<Equals<OneSession["tools"], SessionTools.SessionTools>>,
  Assert<Equals<OneSession["shell"], SessionShell.Shell>>
]

type Labels = Session.SessionLabels

export type OfLabels = [
  Assert<Equals<Needs<Labels["get" | "set"]>, never>>,
  Assert<Equals<Fails<Labels["get"]>, CallError>>,
  Assert<Equals<Fails<Labels["set"]>, CallError | InvalidArgument>>,
  Assert<Equals<Gives<Labels["get"]>, Session.Labels>>,
  Assert<Equals<Gives<Labels["set"]>, void>>
]

type Tools = SessionTools.SessionTools

/** What `callJson` gives for a schema of its own. */
declare const askJson: (
  tools: Tools,
  schema: Schema.Schema<Date, string>
) => Effect.Effect<Date, SessionTools.ToolCallError>

export const callJson: typeof askJson = (tools, schema) => tools.callJson(schema, "get_metrics")

export type OfTools = [
  Assert<Equals<SessionTools.ToolCallError, CallError | ToolError | InvalidArgument>>,
  Assert<Equals<Needs<Tools["list" | "call"]>, never>>,
  Assert<Equals<Needs<typeof askJson>, never>>,
  Assert<Equals<Fails<Tools["list"]>, CallError>>,
  Assert<Equals<Fails<Tools["call"]>, SessionTools.ToolCallError>>,
  Assert<Equals<Gives<Tools["call"]>, SessionTools.ToolAnswer>>
]

// @ts-expect-error a schema with requirements would leak them into the call
export const needyJson = (tools: Tools) => tools.callJson(needySchema, "get_metrics")
declare const needySchema: Schema.Schema<string, string, Scope.Scope>

export type OfShell = [
  Assert<Equals<Needs<SessionShell.Shell>, never>>,
  Assert<Equals<Fails<SessionShell.Shell>, SessionTools.ToolCallError>>,
  Assert<Equals<Gives<SessionShell.Shell>, SessionShell.ShellResult>>
]

type Files = SessionFiles.SessionFiles

export type OfFiles = [
  Assert<Equals<Needs<Files[keyof Files]>, never>>,
  Assert<Equals<Fails<Files[keyof Files]>, SessionFiles.FileError>>
]

type Account = Contexts.Service

export type OfContexts = [
  Assert<Equals<Needs<Account["get" | "getById" | "getOrCreate"]>, never>>,
  Assert<Equals<Fails<Account["get" | "getById" | "getOrCreate"]>, CallError | InvalidArgument>>,
  Assert<Equals<Needs<Account[Exclude<keyof Account, "files">]>, never>>,
  Assert<
    Equals<Fails<Account[Exclude<keyof Account, "files" | "clear">]>, CallError | InvalidArgument>
  >,
  Assert<Equals<Fails<Account["clear"]>, CallError | InvalidArgument | SyncTimeout>>,
  Assert<Equals<Gives<Account["list"]>, Contexts.ContextDetails>>
]

type Stored = ContextFiles.Service
declare const stored: Stored
declare const dripping: Stream.Stream<Uint8Array, "dry">
export const stream = stored.put("SdkCtx-1", "/a", { stream: dripping, length: 1 })
export const text = stored.put("SdkCtx-1", "/a", "text")

export type OfContextFiles = [
  Assert<Equals<Needs<Stored[keyof Stored]>, never>>,
  Assert<Equals<Fails<Stored[Exclude<keyof Stored, "put">]>, CallError | InvalidArgument>>,
  // The failure of the content is one of the put, and there is none without a stream.
  Assert<Equals<Fails<typeof stream>, CallError | InvalidArgument | "dry">>,
  Assert<Equals<Fails<typeof text>, CallError | InvalidArgument>>
]

declare const needyBytes: Stream.Stream<Uint8Array, never, Scope.Scope>
// @ts-expect-error a stream with requirements would leak them into the transport
export const needyPut = stored.put("SdkCtx-1", "/a", { stream: needyBytes, length: 1 })

type Door = AgentBay.Service

export type OfAgentBay = [
  Assert<Equals<Needs<Door["create" | "get" | "list" | "listPage"]>, never>>,
  Assert<Equals<Fails<Door["listPage"]>, CallError | InvalidArgument>>,
  Assert<Equals<Needs<Door["session"]>, Scope.Scope>>,
  Assert<Equals<Fails<Door["create"]>, AgentBay.CreateError>>,
  Assert<Equals<Fails<Door["session"]>, AgentBay.CreateError>>,
  Assert<Equals<Fails<Door["get"]>, CallError | InvalidArgument>>,
  Assert<Equals<Fails<Door["list"]>, CallError | InvalidArgument>>,
  Assert<Equals<Gives<Door["list"]>, AgentBay.SessionSummary>>
]

export type OfHttp = [
  Assert<Equals<Needs<AgentBayHttp.Service["call"]>, never>>,
  Assert<Equals<Needs<AgentBayHttp.Service["callOnce"]>, never>>,
  Assert<Equals<Fails<AgentBayHttp.Service["call"]>, CallError>>
]

type HttpLayer = ReturnType<typeof AgentBayHttp.layer>
type WholeLayer = ReturnType<typeof AgentBay.layerHttp>
type TestLayer = ReturnType<typeof AgentBayTest.layer>
type ManagerLayer = ReturnType<typeof ContextManager.layer>
type ConfigLayer = ReturnType<typeof AgentBayConfigModule.layer>
type ConfiguredLayer = ReturnType<typeof AgentBayConfigModule.layerConfig>

export type TheLayers = [
  Assert<Equals<Out<typeof AgentBay.layer>, AgentBay.AgentBay>>,
  Assert<Equals<LayerError<typeof AgentBay.layer>, never>>,
  Assert<Equals<In<typeof AgentBay.layer>, AgentBayHttp.AgentBayHttp>>,
  Assert<Equals<Out<HttpLayer>, AgentBayHttp.AgentBayHttp>>,
  Assert<Equals<LayerError<HttpLayer>, InvalidArgument>>,
  Assert<Equals<In<HttpLayer>, AgentBayConfig | HttpClient.HttpClient>>,
  Assert<Equals<Out<WholeLayer>, AgentBay.AgentBay | AgentBayHttp.AgentBayHttp>>,
  Assert<Equals<LayerError<WholeLayer>, InvalidArgument>>,
  Assert<Equals<In<WholeLayer>, AgentBayConfig | HttpClient.HttpClient>>,
  Assert<
    Equals<
      Out<TestLayer>,
      AgentBay.AgentBay | AgentBayHttp.AgentBayHttp | AgentBayTest.AgentBayTest
    >
  >,
  Assert<Equals<In<TestLayer>, never>>,
  Assert<Equals<Out<ManagerLayer>, ContextManager.ContextManager>>,
  Assert<Equals<LayerError<ManagerLayer>, InvalidArgument>>,
  Assert<Equals<In<ManagerLayer>, AgentBayHttp.AgentBayHttp>>,
  Assert<Equals<In<ConfigLayer>, never>>,
  Assert<Equals<LayerError<ConfigLayer>, InvalidArgument>>,
  Assert<Equals<LayerError<ConfiguredLayer>, ConfigError.ConfigError | InvalidArgument>>
]

const schedule = Schedule.spaced("1 second")

/** Every way to say what a sync does. */
export const allowed: ReadonlyArray<ContextManager.SyncOptions> = [
  {},
  { contextId: "SdkCtx-1", path: "/work" },
  { mode: "download", graceRetries: 0, maxConsecutiveErrors: 0 },
  { maxRetries: 3, retryInterval: "1 second" },
  { retryInterval: 500 },
  { schedule },
  { contextId: "SdkCtx-1", path: "/work", schedule: Schedule.forever, mode: "upload" },
  { contextId: undefined, path: undefined, maxRetries: undefined, schedule: undefined }
]

// @ts-expect-error a context is synced at a path
export const contextWithoutPath: ContextManager.SyncOptions = { contextId: "SdkCtx-1" }

// @ts-expect-error a path belongs to a context
export const pathWithoutContext: ContextManager.SyncOptions = { path: "/work" }

// @ts-expect-error a schedule says itself how often it recurs
export const scheduleWithRetries: ContextManager.SyncOptions = { schedule, maxRetries: 3 }

// @ts-expect-error a schedule says itself how long it waits
export const scheduleWithInterval: ContextManager.SyncOptions = { schedule, retryInterval: 500 }

// @ts-expect-error there are two directions
export const wrongMode: ContextManager.SyncOptions = { mode: "both" }

// @ts-expect-error a filter names a direction too
export const wrongTaskType: ContextManager.InfoFilter = { taskType: "log" }

// @ts-expect-error a schedule with requirements would leak them into every wait
export const needySchedule: ContextManager.SyncOptions = { schedule: needy }
declare const needy: Schedule.Schedule<unknown, unknown, Scope.Scope>

/** Every way to say what a policy is: short, in the words of the wire, in parts, with nulls. */
export const policies: ReadonlyArray<SyncPolicy.SyncPolicy> = [
  SyncPolicy.standard,
  SyncPolicy.make({ upload: { mode: "Archive" }, recycle: { lifecycle: "Lifecycle_1Day" } }),
  { downloadPolicy: null, uploadPolicy: { autoUpload: undefined } },
  {}
]

// @ts-expect-error a mode is one of two words
export const unknownMode = SyncPolicy.make({ upload: { mode: "Zip" } })

// @ts-expect-error a lifecycle is one of ten words
export const unknownLifecycle = SyncPolicy.make({ recycle: { lifecycle: "7Days" } })

// @ts-expect-error no policy has this key
export const unknownPolicyKey: SyncPolicy.SyncPolicy = { syncPolicy: {} }
