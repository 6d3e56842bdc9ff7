import * as AgentBayError from "@effect-agentbay/core/AgentBayError"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const { ApiError, InvalidArgument, SyncFailed, SyncTimeout, ToolError, TransportError } =
  AgentBayError

const task = {
  contextId: "SdkCtx-1",
  path: "/work",
  errorMessage: "disk full",
  status: "Failed",
  startTime: Option.some(DateTime.unsafeMake(1_767_225_600_000)),
  finishTime: Option.none(),
  taskType: "upload"
}

const transport = (reason: AgentBayError.TransportError["reason"], status?: number) =>
  new TransportError({ operation: "GetContextInfo", reason, description: "why", status })
const api = (reason: AgentBayError.ApiErrorReason, httpStatus = 400) =>
  new ApiError({
    operation: "SyncContext",
    reason,
    code: "Some.Code",
    description: "Some words.",
    httpStatus,
    requestId: "REQ-1"
  })
const failed = new SyncFailed({
  operation: "sync",
  sessionId: "session-1",
  requestId: "REQ-1",
  tasks: [task]
})
const timedOut = new SyncTimeout({
  operation: "sync",
  sessionId: "session-1",
  requestId: "REQ-1",
  polls: 151,
  elapsed: Duration.millis(225_040),
  tasks: [{ ...task, status: "Running", errorMessage: "" }],
  missing: [{ contextId: "SdkCtx-2", path: "/data" }],
  lastError: api("Throttled", 429)
})
const tool = new ToolError({
  tool: "read_file",
  description: "no such file",
  requestId: "REQ-1",
  sessionId: "session-1"
})
const argument = new InvalidArgument({ argument: "path", issue: "must be absolute" })

const everyError: ReadonlyArray<AgentBayError.AgentBayError> = [
  ...(["Transport", "Timeout", "Status", "Decode", "Encode"] as const).map((reason) =>
    transport(reason, 503)
  ),
  ...AgentBayError.ApiErrorReason.literals.map((reason) => api(reason)),
  argument,
  failed,
  timedOut,
  tool
]

describe("messages", () => {
  const messages: ReadonlyArray<readonly [AgentBayError.AgentBayError, ReadonlyArray<string>]> = [
    [
      api("NotLoggedIn"),
      ["SyncContext", "Some.Code", "Some words.", "HTTP 400", "REQ-1", "Check the API key"]
    ],
    [api("SessionNotFound"), ["SyncContext", "REQ-1", "check the id or create a new one"]],
    [api("Throttled", 429), ["HTTP 429", "try again later"]],
    [transport("Timeout"), ["GetContextInfo", "timed out", "why", "try again"]],
    [transport("Status", 502), ["HTTP 502", "check the endpoint"]],
    [
      new TransportError({
        operation: "GetContext",
        reason: "Decode",
        description: "why",
        requestId: "REQ-2",
        status: 200
      }),
      ["GetContext", "HTTP 200", "REQ-2"]
    ],
    [argument, ["path", "must be absolute", "Nothing was sent"]],
    [failed, ["sync", "session-1", "upload of SdkCtx-1 at /work is Failed", "disk full", "REQ-1"]],
    [
      timedOut,
      [
        "151 status requests",
        "225 s",
        "session-1",
        "is Running",
        "no task listed for SdkCtx-2 at /data",
        "SyncContext was refused",
        "REQ-1",
        "wait longer"
      ]
    ],
    [tool, ["read_file", "session-1", "no such file", "REQ-1"]]
  ]
  for (const [error, parts] of messages) {
    it(`${error._tag}: ${parts[0]} …`, () => {
      for (const part of parts) assert.include(error.message, part)
      assert.notInclude(error.message, "undefined")
      assert.notInclude(error.message, "..")
    })
  }

  it("of many tasks name a few and count the rest", () => {
    const many = new SyncFailed({
      operation: "sync",
      sessionId: "session-1",
      requestId: "",
      tasks: [task, task, task, task, task, task, task]
    })
    assert.include(many.message, "and 2 more")
  })

  it("without words of the service say so", () => {
    const silent = new ApiError({
      operation: "SyncContext",
      reason: "Other",
      code: "",
      description: "",
      httpStatus: 200,
      requestId: ""
    })
    assert.strictEqual(silent.message, "SyncContext was refused: no message given. (HTTP 200)")
  })
})

describe("isRetryable", () => {
  const table: ReadonlyArray<readonly [AgentBayError.AgentBayError, boolean]> = [
    [transport("Transport"), true],
    [transport("Timeout"), true],
    [transport("Status", 408), true],
    [transport("Status", 429), true],
    [transport("Status", 500), true],
    [transport("Status", 503), true],
    [transport("Status", 400), false],
    [transport("Status", 404), false],
    [transport("Status", 302), false],
    [transport("Status"), false],
    [transport("Decode", 500), false],
    [transport("Encode"), false],
    [api("Throttled"), true],
    [api("ServerFault", 500), true],
    [api("SessionNotFound"), false],
    [api("ContextNotFound"), false],
    [api("NotLoggedIn", 401), false],
    [api("PathAlreadyBound"), false],
    [api("ActionNotFound", 404), false],
    [api("InvalidParameter"), false],
    [api("FileNotFound"), false],
    [api("UnexpectedState"), false],
    [api("Other"), false],
    [argument, false],
    [failed, false],
    [timedOut, false],
    [tool, false]
  ]
  for (const [error, retryable] of table) {
    const reason = "reason" in error ? error.reason : ""
    const status = "status" in error ? String(error.status) : ""
    it(`${error._tag} ${reason} ${status}: ${retryable}`, () =>
      assert.strictEqual(AgentBayError.isRetryable(error), retryable))
  }

  it("knows every reason", () => {
    const known = new Set(table.flatMap(([error]) => ("reason" in error ? [error.reason] : [])))
    for (const error of everyError) if ("reason" in error) assert.isTrue(known.has(error.reason))
  })
})

describe("isPassing", () => {
  it("is true for what is retryable and for what the service did not say itself", () => {
    assert.isTrue(AgentBayError.isPassing(transport("Status", 404)))
    assert.isTrue(AgentBayError.isPassing(transport("Transport")))
    assert.isTrue(AgentBayError.isPassing(api("Throttled")))
    assert.isFalse(AgentBayError.isPassing(transport("Decode", 200)))
    assert.isFalse(AgentBayError.isPassing(api("SessionNotFound")))
  })
})

describe("isProofOfNoStart", () => {
  const fault = (code: string) =>
    new TransportError({
      operation: "SyncContext",
      reason: "Transport",
      description: "why",
      code
    })
  const table: ReadonlyArray<readonly [string, AgentBayError.CallError, boolean]> = [
    ["throttling", api("Throttled"), true],
    ["a page with HTTP 429", transport("Status", 429), true],
    ["a refused connection", fault("ECONNREFUSED"), true],
    ["an unknown host", fault("ENOTFOUND"), true],
    ["a broken connection", fault("ECONNRESET"), false],
    ["a closed socket", fault("UND_ERR_SOCKET"), false],
    ["a timeout", transport("Timeout"), false],
    ["HTTP 503", transport("Status", 503), false],
    ["a fault of the service", api("ServerFault", 500), false],
    ["a refusal", api("Other"), false]
  ]
  for (const [name, error, proof] of table) {
    it(`${name}: ${proof}`, () => assert.strictEqual(AgentBayError.isProofOfNoStart(error), proof))
  }
})

describe("isAgentBayError", () => {
  it("knows every error of the library", () => {
    for (const error of everyError) assert.isTrue(AgentBayError.isAgentBayError(error))
  })

  for (const [name, value] of [
    ["null", null],
    ["an Error", new Error("x")],
    ["a text", "ApiError"],
    ["an object with the same tag", { _tag: "ApiError" }]
  ] as const) {
    it(`does not know ${name}`, () => assert.isFalse(AgentBayError.isAgentBayError(value)))
  }
})

describe("errors as data", () => {
  const Any = Schema.Union(
    ApiError,
    InvalidArgument,
    SyncFailed,
    SyncTimeout,
    ToolError,
    TransportError
  )

  for (const error of everyError) {
    const reason = "reason" in error ? error.reason : ""
    it(`${error._tag} ${reason} comes back from JSON as it was`, () => {
      const text = JSON.stringify(Schema.encodeSync(Any)(error))
      const back = Schema.decodeUnknownSync(Any)(JSON.parse(text))
      assert.strictEqual(back._tag, error._tag)
      assert.strictEqual(back.message, error.message)
      assert.isTrue(AgentBayError.isAgentBayError(back))
      assert.deepStrictEqual(Schema.encodeSync(Any)(back), Schema.encodeSync(Any)(error))
    })
  }

  it("a cause comes back as an Error", () => {
    const error = new TransportError({
      operation: "GetContext",
      reason: "Transport",
      description: "why",
      retryAfter: Duration.seconds(3),
      cause: new Error("inner")
    })
    const encoded = JSON.parse(JSON.stringify(Schema.encodeSync(TransportError)(error)))
    const back = Schema.decodeUnknownSync(TransportError)(encoded)
    assert.instanceOf(back.cause, Error)
    assert.strictEqual(String(back.cause), "Error: inner")
    assert.deepStrictEqual(AgentBayError.retryAfter(back), Duration.seconds(3))
  })
})
