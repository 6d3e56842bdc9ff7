/** All that can go wrong with one request: faults of answers under HTTP 200, and those of HTTP. */
import {
  api,
  jsonForms,
  page,
  json,
  envelope,
  transport,
  refused,
  type Failure,
  type Fault,
  type Reason,
  type Shape
} from "./fault.js"
import { advice, connection, http } from "./httpFaults.js"

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
  only: jsonForms
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

/** What a direct link says in the place of a result. */
const linkData = (name: string, body: unknown): Fault => ({
  name: `direct link: ${name}`,
  group: "data",
  answer: json(200, body),
  means: () => undecodable,
  only: ["link"]
})

const data: ReadonlyArray<Fault> = [
  noData("`Data` is missing", {}),
  noData("`Data` is `null`", { Data: null }),
  otherData("`Data` is a number", 5),
  otherData("`Data` is a text", "odd"),
  otherData("`Data` is a list of numbers", [1, 2]),
  otherData("`Data` is an object instead of a list", { odd: 1 }, ["plain", "list", "toolList"]),
  otherData("a tool that says nothing", {}, ["toolResult"]),
  otherData("a tool whose content is `null`", { content: null }, ["toolResult"]),
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

const linked: ReadonlyArray<Fault> = [
  linkData("`data` is missing", { code: 200 }),
  linkData("`data` is `null`", { data: null }),
  linkData("`data` is a number", { data: 5 }),
  linkData("`data` is a text that is no JSON", { data: "odd" }),
  linkData("a result that is missing", { data: {} }),
  linkData("a result that says nothing", { data: { result: {} } }),
  linkData("a result that is a text", { data: { result: "odd" } }),
  linkData("content that is no list", { data: { result: { content: "odd", isError: false } } })
]

// --- Tools

const saysNo = { content: [{ type: "text", text: "odd" }], isError: true }
const toolError = (): Failure => ({ _tag: "ToolError", reason: "ToolError" })

const tool: ReadonlyArray<Fault> = [
  {
    name: "the tool says that it failed",
    group: "tool",
    answer: envelope({ Data: saysNo }),
    means: toolError,
    only: ["toolResult"]
  },
  {
    name: "the tool says by the direct link that it failed",
    group: "tool",
    answer: json(200, { data: { result: saysNo } }),
    means: toolError,
    only: ["link"]
  }
]

export const faults: ReadonlyArray<Fault> = [
  ...connection,
  ...http,
  ...advice,
  ...soft,
  ...envelopes,
  ...data,
  ...linked,
  ...tool
]
