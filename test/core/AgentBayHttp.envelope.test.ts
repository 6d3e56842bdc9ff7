import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { wired } from "./wired.js"

const sessionId = "session-1"

/** One answer to `GetSessionDetail`, as `callOnce` gives it. */
const detail = (reply: AgentBayTest.Reply) =>
  Effect.gen(function* () {
    const http = yield* AgentBayHttp.AgentBayHttp
    return yield* Effect.either(http.callOnce(Protocol.GetSessionDetail, { sessionId }))
  }).pipe(Effect.provide(wired({ script: { GetSessionDetail: reply } })))

const created = (reply: AgentBayTest.Reply) =>
  Effect.gen(function* () {
    const http = yield* AgentBayHttp.AgentBayHttp
    return yield* Effect.either(http.callOnce(Protocol.CreateMcpSession, {}))
  }).pipe(Effect.provide(wired({ script: { CreateMcpSession: reply } })))

const json = (body: unknown, httpStatus = 200, headers?: { readonly [name: string]: string }) =>
  AgentBayTest.raw(httpStatus, JSON.stringify(body), headers)

/** The fields of an error, or of the answer, that are asked for. */
const pick = (value: Either.Either<object, object>, ...fields: ReadonlyArray<string>) => {
  const side = Either.merge(value)
  return [Either.isRight(value) ? "yes" : "no", ...fields.map((field) => Reflect.get(side, field))]
}

const running = { Data: { Status: "RUNNING" } }

describe("the envelope", () => {
  const refusals: ReadonlyArray<readonly [string, unknown, number, ReadonlyArray<unknown>]> = [
    [
      "Code, Message, RequestId",
      { Code: "Foo", Message: "bar", RequestId: "R" },
      400,
      ["Foo", "bar", "R"]
    ],
    [
      "code, message, requestId",
      { code: "Foo", message: "bar", requestId: "R" },
      400,
      ["Foo", "bar", "R"]
    ],
    ["a code that is a number", { Code: 403, Message: "bar" }, 403, ["403", "bar", ""]],
    ["nothing at all but an HTTP error", {}, 418, ["", "", ""]],
    ["an HTTP error that claims success", { Success: true, ...running }, 500, ["", "", ""]],
    [
      "Success false and a code",
      { Success: false, Code: "Foo", Message: "bar" },
      200,
      ["Foo", "bar", ""]
    ],
    [
      "Success false without a code (C4)",
      { Success: false, Message: "bar", ...running },
      200,
      ["", "bar", ""]
    ],
    [
      "Success false and the code ok",
      { Success: false, Code: "ok", ...running },
      200,
      ["ok", "", ""]
    ],
    ["a code and no Success", { Code: "Foo", Message: "bar", ...running }, 200, ["Foo", "bar", ""]],
    [
      "Data.Success false",
      { Success: true, Code: "ok", Data: { Success: false, ErrMsg: "none left", Status: "X" } },
      200,
      ["", "none left", ""]
    ],
    [
      "Data.Success false without a message of its own",
      { Success: true, Message: "sorry", Data: { Success: false } },
      200,
      ["", "sorry", ""]
    ]
  ]
  for (const [name, body, httpStatus, [code, description, requestId]] of refusals) {
    it.effect(`is a refusal: ${name}`, () =>
      Effect.map(detail(json(body, httpStatus)), (result) =>
        assert.deepStrictEqual(
          pick(result, "_tag", "code", "description", "requestId", "httpStatus", "sessionId"),
          ["no", "ApiError", code, description, requestId, httpStatus, sessionId]
        )
      )
    )
  }

  const yeses: ReadonlyArray<readonly [string, unknown]> = [
    ["Success true", { Success: true, ...running }],
    ["Success true beside a strange code", { Success: true, Code: "Partial", ...running }],
    ["no Success, code ok", { Code: "ok", ...running }],
    ["no Success, code Success", { Code: "Success", ...running }],
    ["Success null, code ok", { Success: null, Code: "ok", ...running }],
    ["no Success, code 200", { Code: 200, ...running }],
    [
      "unknown keys and nulls",
      { Success: true, New: [1], Message: null, Data: { Status: "RUNNING", Id: null, Extra: {} } }
    ],
    ["Data.Success true", { Success: true, Data: { Success: true, Status: "RUNNING" } }]
  ]
  for (const [name, body] of yeses) {
    it.effect(`is a yes: ${name}`, () =>
      Effect.map(detail(json(body)), (result) =>
        assert.deepStrictEqual(pick(result, "reply"), ["yes", { data: { status: "RUNNING" } }])
      )
    )
  }

  const undecodable: ReadonlyArray<readonly [string, unknown]> = [
    ["neither Success nor a code", { RequestId: "R", ...running }],
    ["no Data", { RequestId: "R", Success: true }],
    ["Data null", { RequestId: "R", Success: true, Data: null }],
    ["Data a list", { RequestId: "R", Success: true, Data: [] }],
    ["Data a text", { RequestId: "R", Success: true, Data: "RUNNING" }],
    ["a key of the wrong type", { RequestId: "R", Success: true, Data: { Status: 5 } }],
    [
      "an optional key of the wrong type",
      { RequestId: "R", Success: true, Data: { Status: "X", Id: "4" } }
    ]
  ]
  for (const [name, body] of undecodable) {
    it.effect(`cannot be read: ${name}`, () =>
      Effect.map(detail(json(body)), (result) =>
        assert.deepStrictEqual(pick(result, "_tag", "reason", "requestId", "status", "sessionId"), [
          "no",
          "TransportError",
          "Decode",
          "R",
          200,
          sessionId
        ])
      )
    )
  }

  const strange: ReadonlyArray<readonly [string, string, number, string]> = [
    ["HTML", "<html>not found</html>", 404, "Status"],
    ["HTML", "<html>bad gateway</html>", 502, "Status"],
    ["HTML", "<html>see elsewhere</html>", 302, "Status"],
    ["a yes", JSON.stringify({ Success: true, ...running }), 302, "Status"],
    ["a yes by its code", JSON.stringify({ Code: "ok", ...running }), 303, "Status"],
    ["a JSON object that says nothing", "{}", 307, "Status"],
    ["a JSON list", "[]", 308, "Status"],
    ["HTML", "<html>welcome</html>", 200, "Transport"],
    ["nothing", "", 200, "Transport"],
    ["nothing", "", 500, "Status"],
    ["a JSON list", "[]", 200, "Decode"],
    ["a JSON list", "[]", 400, "Status"],
    ["a JSON text", '"ok"', 200, "Decode"],
    ["a JSON number", "200", 200, "Decode"],
    ["JSON null", "null", 200, "Decode"],
    ["half of a JSON object", '{"Success": tr', 200, "Transport"]
  ]
  for (const [name, text, httpStatus, reason] of strange) {
    it.effect(`is no answer of the service: ${name} with HTTP ${httpStatus}`, () =>
      Effect.map(detail(AgentBayTest.raw(httpStatus, text)), (result) => {
        assert.deepStrictEqual(pick(result, "_tag", "reason", "status", "sessionId"), [
          "no",
          "TransportError",
          reason,
          httpStatus,
          sessionId
        ])
        if (reason === "Decode") return
        assert.match(String(pick(result, "description")[1]), new RegExp(`HTTP ${httpStatus}`))
      })
    )
  }

  it.effect("reads a body that starts with a byte order mark", () =>
    Effect.map(
      detail(AgentBayTest.raw(200, `\uFEFF${JSON.stringify({ Success: true, ...running })}`)),
      (result) => assert.deepStrictEqual(pick(result), ["yes"])
    )
  )

  it.effect("does not lose a session over the rest of its answer", () =>
    Effect.map(
      created(json({ RequestId: "R", Success: true, Data: { SessionId: "s-9", Token: 5 } })),
      (result) =>
        assert.deepStrictEqual(pick(result, "_tag", "reason", "requestId", "sessionId"), [
          "no",
          "TransportError",
          "Decode",
          "R",
          "s-9"
        ])
    )
  )
})

describe("the classification of a refusal (S5)", () => {
  const reasons: ReadonlyArray<readonly [string, number, string, string]> = [
    ["InvalidMcpSession.NotFound", 400, "", "SessionNotFound"],
    ["SessionNotFound", 200, "", "SessionNotFound"],
    ["InvalidSession", 404, "", "SessionNotFound"],
    ["", 400, "no alive session found", "SessionNotFound"],
    ["Whatever", 400, "No need to release", "SessionNotFound"],
    ["Context.NotFound", 400, "", "ContextNotFound"],
    ["ContextNotFound", 400, "", "ContextNotFound"],
    ["InvalidContext", 400, "", "ContextNotFound"],
    ["InvalidAction.NotFound", 404, "not found", "ActionNotFound"],
    ["Foo.NotFound", 404, "session not found", "Other"],
    ["NotFound", 404, "Resource [McpSession] is not found.", "Other"],
    ["", 404, "not found", "Other"],
    ["NOT_LOGIN", 400, "", "NotLoggedIn"],
    ["", 401, "", "NotLoggedIn"],
    ["PathAlreadyBound", 200, "", "PathAlreadyBound"],
    ["InvalidParameter", 400, "", "InvalidParameter"],
    ["Throttling", 400, "", "Throttled"],
    ["Throttling.User", 200, "", "Throttled"],
    ["MyThrottling.Api", 400, "", "Throttled"],
    ["NOT_LOGIN", 429, "", "Throttled"],
    ["InternalError", 400, "", "ServerFault"],
    ["ServiceUnavailable", 503, "", "ServerFault"],
    ["Foo", 500, "", "ServerFault"],
    ["InvalidMcpSession.NotFound", 500, "", "SessionNotFound"],
    ["toString", 400, "", "Other"],
    ["constructor", 400, "", "Other"]
  ]
  for (const [code, httpStatus, message, reason] of reasons) {
    it.effect(`${code || "no code"} with HTTP ${httpStatus}, "${message}": ${reason}`, () =>
      Effect.map(
        detail(json({ Code: code, Message: message, Success: false }, httpStatus)),
        (result) =>
          assert.deepStrictEqual(pick(result, "_tag", "reason"), ["no", "ApiError", reason])
      )
    )
  }
})

describe("the time the service asks us to stay away", () => {
  const advices: ReadonlyArray<readonly [string, Record<string, string>, number | undefined]> = [
    ["seconds", { "retry-after": "7" }, 7000],
    ["fractions of seconds", { "retry-after": "0.5" }, 500],
    ["a date", { "retry-after": "Thu, 01 Jan 1970 00:00:09 GMT" }, 9000],
    ["a date that is past", { "retry-after": "Wed, 31 Dec 1969 23:59:00 GMT" }, undefined],
    ["more than 30 s", { "retry-after": "3600" }, 30_000],
    ["negative", { "retry-after": "-5" }, undefined],
    ["nonsense", { "retry-after": "soon" }, undefined],
    ["blank", { "retry-after": " " }, undefined],
    ["infinite", { "retry-after": "Infinity" }, 30_000],
    [
      "nonsense of its own beside the other",
      { "x-acs-retry-after": "x", "retry-after": "9" },
      9000
    ],
    ["milliseconds of its own", { "x-acs-retry-after": "250" }, 250],
    ["its own before the other", { "x-acs-retry-after": "250", "retry-after": "9" }, 250],
    ["too many milliseconds", { "x-acs-retry-after": "999999999" }, 30_000],
    ["none", {}, undefined]
  ]
  const replies: ReadonlyArray<
    readonly [string, (headers: Record<string, string>) => AgentBayTest.Reply]
  > = [
    ["a refusal", (headers) => json({ Code: "Throttling" }, 429, headers)],
    ["a soft refusal", (headers) => json({ Code: "Throttling", Success: false }, 200, headers)],
    ["a page", (headers) => AgentBayTest.raw(503, "<html>", headers)]
  ]
  for (const [kind, reply] of replies) {
    for (const [name, headers, millis] of advices) {
      it.effect(`is read from ${kind}: ${name}`, () =>
        Effect.map(detail(reply(headers)), (result) =>
          assert.deepStrictEqual(pick(result, "retryAfter"), [
            "no",
            millis === undefined ? undefined : Duration.millis(millis)
          ])
        )
      )
    }
  }
})
