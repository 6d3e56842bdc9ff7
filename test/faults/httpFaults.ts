/** Faults of the connection and of HTTP: all but what an answer under HTTP 200 says. */
import {
  api,
  jsonForms,
  page,
  json,
  transport,
  refused,
  type Fault,
  type Failure,
  type Reason,
  type Shape
} from "./fault.js"

// --- The connection

const lost = (name: string, code: string): Fault => ({
  name,
  group: "connection",
  answer: { _tag: "Lost", code },
  means: () => transport("Transport", { code })
})

export const connection: ReadonlyArray<Fault> = [
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
    only: jsonForms
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

/** A store of files and a direct link are understood by their status alone, whatever else they say. */
const isPlainHttp = (shape: Shape) => shape === "upload" || shape === "download" || shape === "link"

const byStatusAlone = (shape: Shape, status: number): Failure =>
  shape === "download" && status === 404
    ? { _tag: "ApiError", reason: "FileNotFound", status }
    : transport("Status", { status })

/** An answer without JSON does not come from the service itself. */
const without = (shape: Shape, status: number): Failure =>
  isPlainHttp(shape) ? byStatusAlone(shape, status) : transport("Status", { status })

/** A file comes with 200 or not at all: 206 is a part of one, 204 none. */
const partial = (status: number): Fault => ({
  name: `HTTP ${status} for a file`,
  group: "http",
  answer: { _tag: "Answer", status, body: status === 204 ? "" : "th" },
  means: () => transport("Status", { status }),
  only: ["download"]
})

/** A store may answer an upload with any 2xx. */
const stored = (status: number): Fault => ({
  name: `HTTP ${status} after an upload`,
  group: "http",
  answer: { _tag: "Answer", status, body: "" },
  means: () => "yes",
  only: ["upload"]
})

const statuses = [400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504]

export const http: ReadonlyArray<Fault> = [
  ...[202, 204, 206].map(partial),
  ...[201, 204].map(stored),
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
        isPlainHttp(shape)
          ? byStatusAlone(shape, status)
          : refused(byStatus(status), status, "Odd.Code")
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
  ...[
    ["a page", page],
    ["a yes", '{"RequestId":"FAULT-REQUEST","Success":true,"Data":{"Success":true}}']
  ].map(([what = "", body = ""]): Fault => ({
    name: `HTTP 302 with ${what}`,
    group: "http",
    answer: { _tag: "Answer", status: 302, body, headers: { location: "http://elsewhere.test/" } },
    means: (shape) => without(shape, 302)
  }))
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

export const advice: ReadonlyArray<Fault> = retryAfter.flatMap(
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
          isPlainHttp(shape) ? byStatusAlone(shape, 429) : refused("Throttled", 429, "Odd.Code"),
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
