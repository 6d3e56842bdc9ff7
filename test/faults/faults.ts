/**
 * What can go wrong with one request, and what that means by the documents alone: sections 2 and 6
 * of docs/protocol.md, section 9 of docs/design.md. Plain data, so that the page can be written
 * from it without the library.
 */

/** What comes back for one request. */
export type Answer =
  /** A whole answer. */
  | {
      readonly _tag: "Answer"
      readonly status: number
      readonly body: string
      readonly headers?: { readonly [name: string]: string }
      /** `Retry-After` as a date so many milliseconds ahead. */
      readonly dateIn?: number
    }
  /** None: the connection fails with this word of the system. */
  | { readonly _tag: "Lost"; readonly code: string }
  /** None, ever. */
  | { readonly _tag: "Silence" }

export type Reason =
  | "Transport"
  | "Timeout"
  | "Status"
  | "Decode"
  | "Encode"
  | "SessionNotFound"
  | "ContextNotFound"
  | "NotLoggedIn"
  | "Throttled"
  | "FileNotFound"
  | "PathAlreadyBound"
  | "ActionNotFound"
  | "InvalidParameter"
  | "UnexpectedState"
  | "ServerFault"
  | "Other"
  | "ToolError"

/** The error that one such answer is. */
export interface Failure {
  readonly _tag: "TransportError" | "ApiError" | "ToolError"
  readonly reason: Reason
  /** The HTTP status, where one came. */
  readonly status?: number
  /** The system's or the service's own word. */
  readonly code?: string
}

/** The form of the `Data` that an action promises (docs/protocol.md, sections 4 and 5). */
export type Shape =
  /** No `Data` is promised, and none is looked at. */
  | "plain"
  /** A list, an object of tasks or a map of labels; absent, `null` and empty are the same. */
  | "list"
  | "status"
  | "labels"
  /** What is promised has to be there. */
  | "object"
  | "toolList"
  | "toolResult"
  /** The bytes of a file, to or from a presigned URL: its answer has no JSON. */
  | "upload"
  | "download"

/** What an answer means: an error, a yes, or a yes that lists nothing. */
export type Meaning = Failure | "yes" | "nothing"

export interface Fault {
  readonly name: string
  readonly group: Group
  readonly answer: Answer
  readonly means: (shape: Shape) => Meaning
  /** How many milliseconds the service asks to be left alone; more than 30 seconds are 30. */
  readonly advice?: number
  /** The forms of answer that it is about. Default: all of the API, and files where it fits. */
  readonly only?: ReadonlyArray<Shape>
}

export const groups = {
  connection: "The connection",
  http: "HTTP errors",
  advice: "Advice when to come back",
  soft: "Refusals inside HTTP 200",
  envelope: "Answers that are none",
  data: "Data of another form",
  tool: "Tools"
} as const

export type Group = keyof typeof groups

const api: ReadonlyArray<Shape> = [
  "plain",
  "list",
  "status",
  "labels",
  "object",
  "toolList",
  "toolResult"
]

const page = "<html><body>Bad gateway</body></html>"

const json = (status: number, body: unknown): Answer => ({
  _tag: "Answer",
  status,
  body: JSON.stringify(body)
})

const envelope = (parts: { readonly [key: string]: unknown }): Answer =>
  json(200, { RequestId: "FAULT-REQUEST", Success: true, Code: "ok", Message: "", ...parts })

const transport = (
  reason: "Transport" | "Timeout" | "Status" | "Decode",
  more: Pick<Failure, "status" | "code"> = {}
): Failure => ({ _tag: "TransportError", reason, ...more })

const refused = (reason: Reason, status: number, code: string): Failure => ({
  _tag: "ApiError",
  reason,
  status,
  code
})

// --- The connection

const lost = (name: string, code: string): Fault => ({
  name,
  group: "connection",
  answer: { _tag: "Lost", code },
  means: () => transport("Transport", { code })
})

const connection: ReadonlyArray<Fault> = [
  lost("connection refused (`ECONNREFUSED`)", "ECONNREFUSED"),
  lost("unknown host (`ENOTFOUND`)", "ENOTFOUND"),
  lost("no answer of the name service (`EAI_AGAIN`)", "EAI_AGAIN"),
  lost("no connection in time (`UND_ERR_CONNECT_TIMEOUT`)", "UND_ERR_CONNECT_TIMEOUT"),
  lost("reset before or after the request was read (`ECONNRESET`)", "ECONNRESET"),
  lost("closed by the other side (`UND_ERR_SOCKET`)", "UND_ERR_SOCKET"),
  lost("broken while writing (`EPIPE`)", "EPIPE"),
  lost("no route (`EHOSTUNREACH`)", "EHOSTUNREACH"),
  lost("TLS: expired (`CERT_HAS_EXPIRED`)", "CERT_HAS_EXPIRED"),
  lost("TLS: unknown issuer (`DEPTH_ZERO_SELF_SIGNED_CERT`)", "DEPTH_ZERO_SELF_SIGNED_CERT"),
  lost("TLS: other name (`ERR_TLS_CERT_ALTNAME_INVALID`)", "ERR_TLS_CERT_ALTNAME_INVALID"),
  {
    name: "no answer within the time limit",
    group: "connection",
    answer: { _tag: "Silence" },
    means: () => transport("Timeout")
  },
  {
    name: "half of the JSON",
    group: "connection",
    answer: {
      _tag: "Answer",
      status: 200,
      body: '{"RequestId":"FAULT-REQUEST","Success":true,"Da'
    },
    means: () => transport("Transport", { status: 200 }),
    only: api
  },
  {
    name: "half of the file",
    group: "connection",
    answer: { _tag: "Answer", status: 200, body: "half", headers: { "content-length": "8" } },
    means: () => transport("Transport", { status: 200 }),
    only: ["download"]
  }
]

// --- HTTP errors

/** What the status says when the service itself answers: the table of codes. */
const byStatus = (status: number): Reason => {
  if (status === 401) return "NotLoggedIn"
  if (status === 429) return "Throttled"
  return status >= 500 ? "ServerFault" : "Other"
}

const isBytes = (shape: Shape) => shape === "upload" || shape === "download"

/** A store of files is understood by its status alone, whatever else it says. */
const store = (shape: Shape, status: number): Failure =>
  shape === "download" && status === 404
    ? { _tag: "ApiError", reason: "FileNotFound", status }
    : transport("Status", { status })

/** An answer without JSON does not come from the service itself. */
const without = (shape: Shape, status: number): Failure =>
  isBytes(shape) ? store(shape, status) : transport("Status", { status })

const statuses = [400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504]

const http: ReadonlyArray<Fault> = [
  ...statuses.flatMap((status): ReadonlyArray<Fault> => [
    {
      name: `HTTP ${status} with JSON`,
      group: "http",
      answer: json(status, {
        RequestId: "FAULT-REQUEST",
        HostId: "fault",
        Code: "Odd.Code",
        Message: "odd"
      }),
      means: (shape) =>
        isBytes(shape) ? store(shape, status) : refused(byStatus(status), status, "Odd.Code")
    },
    {
      name: `HTTP ${status} with a page`,
      group: "http",
      answer: { _tag: "Answer", status, body: page, headers: { "content-type": "text/html" } },
      means: (shape) => without(shape, status)
    },
    {
      name: `HTTP ${status} without a body`,
      group: "http",
      answer: { _tag: "Answer", status, body: "" },
      means: (shape) => without(shape, status)
    }
  ]),
  {
    name: "HTTP 302 with a page",
    group: "http",
    answer: {
      _tag: "Answer",
      status: 302,
      body: page,
      headers: { location: "http://elsewhere.test/" }
    },
    means: (shape) => without(shape, 302)
  }
]

// --- Advice

/** What is said, and how long that is to be obeyed. A number is a date so far ahead. */
const retryAfter: ReadonlyArray<readonly [name: string, value: string | number, millis: number]> = [
  ["in seconds", "5", 5000],
  ["as a date", 8000, 8000],
  ["as a date gone by", -60_000, 0],
  ["as a date far ahead", "Fri, 31 Dec 9999 23:59:59 GMT", 30_000],
  ["of a day", "86400", 30_000],
  ["absurdly large", "9".repeat(400), 30_000],
  ["negative", "-5", 0],
  ["that is nonsense", "soon", 0]
]

const advice: ReadonlyArray<Fault> = retryAfter.flatMap(
  ([name, value, millis]): ReadonlyArray<Fault> => {
    const headers: { readonly [name: string]: string } =
      typeof value === "number" ? {} : { "retry-after": value }
    const dated = typeof value === "number" ? { dateIn: value } : {}
    const body = (code: string) =>
      JSON.stringify({ RequestId: "FAULT-REQUEST", Success: false, Code: code, Message: "" })
    return [
      {
        name: `HTTP 429 with JSON, \`Retry-After\` ${name}`,
        group: "advice",
        answer: { _tag: "Answer", status: 429, body: body("Odd.Code"), headers, ...dated },
        means: (shape) =>
          isBytes(shape) ? store(shape, 429) : refused("Throttled", 429, "Odd.Code"),
        advice: millis
      },
      {
        name: `HTTP 503 with a page, \`Retry-After\` ${name}`,
        group: "advice",
        answer: { _tag: "Answer", status: 503, body: page, headers, ...dated },
        means: (shape) => without(shape, 503),
        advice: millis
      },
      {
        name: `throttled inside HTTP 200, \`Retry-After\` ${name}`,
        group: "advice",
        answer: { _tag: "Answer", status: 200, body: body("Throttling.User"), headers, ...dated },
        means: () => refused("Throttled", 200, "Throttling.User"),
        advice: millis,
        only: api
      }
    ]
  }
)

// --- Refusals inside HTTP 200

const softly = (code: string, reason: Reason): Fault => ({
  name: code === "" ? "no code" : `\`${code}\``,
  group: "soft",
  answer: envelope({ Success: false, Code: code, Message: "odd" }),
  means: () => refused(reason, 200, code),
  only: api
})

const soft: ReadonlyArray<Fault> = [
  softly("", "Other"),
  softly("Odd.Code", "Other"),
  softly("InvalidMcpSession.NotFound", "SessionNotFound"),
  softly("Context.NotFound", "ContextNotFound"),
  softly("NOT_LOGIN", "NotLoggedIn"),
  softly("InvalidAction.NotFound", "ActionNotFound"),
  softly("InvalidParameter", "InvalidParameter"),
  softly("Throttling.Api", "Throttled"),
  softly("InternalError", "ServerFault"),
  softly("ServiceUnavailable", "ServerFault"),
  {
    name: "inside `Data`",
    group: "soft",
    answer: envelope({ Data: { Success: false, ErrMsg: "odd" } }),
    means: () => refused("Other", 200, ""),
    only: api
  },
  {
    name: "a code but no `Success`",
    group: "soft",
    answer: json(200, { RequestId: "FAULT-REQUEST", Code: "Odd.Code" }),
    means: () => refused("Other", 200, "Odd.Code"),
    only: api
  }
]

// --- Answers that are none

const noAnswer = (name: string, body: string, reason: "Transport" | "Decode"): Fault => ({
  name,
  group: "envelope",
  answer: { _tag: "Answer", status: 200, body },
  means: () => transport(reason, { status: 200 }),
  only: api
})

const envelopes: ReadonlyArray<Fault> = [
  noAnswer("a page under HTTP 200", page, "Transport"),
  noAnswer("an empty body under HTTP 200", "", "Transport"),
  noAnswer("an object that says nothing", "{}", "Decode"),
  noAnswer("`Success` that is no truth value", '{"Success":"true","Code":"ok"}', "Decode"),
  noAnswer("a list", "[]", "Decode"),
  noAnswer("`null`", "null", "Decode")
]

// --- Data of another form

const undecodable = transport("Decode", { status: 200 })

const mayBeEmpty = (shape: Shape) => shape === "list" || shape === "status" || shape === "labels"

const noData = (name: string, parts: { readonly [key: string]: unknown }): Fault => ({
  name,
  group: "data",
  answer: envelope(parts),
  means: (shape) => (shape === "plain" ? "yes" : mayBeEmpty(shape) ? "nothing" : undecodable),
  only: api
})

const otherData = (name: string, data: unknown, only = api): Fault => ({
  name,
  group: "data",
  answer: envelope({ Data: data }),
  means: (shape) => (shape === "plain" ? "yes" : undecodable),
  only
})

/** A status text: JSON inside JSON. */
const statusText = (name: string, text: unknown): Fault => ({
  name,
  group: "data",
  answer: envelope({ Data: { ContextStatus: text } }),
  means: () => undecodable,
  only: ["status"]
})

const inside = (data: unknown) => JSON.stringify([{ type: "data", data }])

const goodItem = {
  contextId: "SdkCtx-other",
  path: "/other",
  errorMessage: "",
  status: "Success",
  startTime: 1,
  finishTime: 2,
  taskType: "upload"
}

const data: ReadonlyArray<Fault> = [
  noData("`Data` is missing", {}),
  noData("`Data` is `null`", { Data: null }),
  otherData("`Data` is a number", 5),
  otherData("`Data` is a text", "odd"),
  otherData("`Data` is a list of numbers", [1, 2]),
  otherData("`Data` is an object instead of a list", { odd: 1 }, ["plain", "list", "toolList"]),
  statusText("a status text that is no JSON", "odd"),
  statusText("a status text cut short", '[{"type":"data","da'),
  statusText("a status text that is no list", "{}"),
  statusText("a status that is no text", [goodItem]),
  statusText("tasks that are no JSON", inside("odd")),
  statusText("tasks cut short", inside('[{"contextId":"SdkCtx-other","pa')),
  statusText("tasks that are no text", inside(5)),
  statusText(
    "tasks that can be read half way",
    JSON.stringify([
      { type: "data", data: JSON.stringify([goodItem]) },
      { type: "data", data: "[1" }
    ])
  ),
  statusText(
    "a task of the wrong form among good ones",
    inside(JSON.stringify([goodItem, { status: 1 }]))
  )
]

// --- Tools

const tool: ReadonlyArray<Fault> = [
  {
    name: "the tool says that it failed",
    group: "tool",
    answer: envelope({ Data: { content: [{ type: "text", text: "odd" }], isError: true } }),
    means: () => ({ _tag: "ToolError", reason: "ToolError" }),
    only: ["toolResult"]
  }
]

export const faults: ReadonlyArray<Fault> = [
  ...connection,
  ...http,
  ...advice,
  ...soft,
  ...envelopes,
  ...data,
  ...tool
]

export const isAbout = (fault: Fault, shape: Shape): boolean =>
  fault.only === undefined || fault.only.includes(shape)
