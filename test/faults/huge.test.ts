/** Answers that are huge, or nested so deeply that who follows them runs out of stack. */
import type { AgentBayError } from "@effect-agentbay/core/AgentBayError"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { rounds } from "../rounds.js"
import type { EffectName } from "./effects.js"
import { observe } from "./matrix.js"

const megabytes = (count: number) => "x".repeat(count * 2 ** 20)
const huge = megabytes(50)

// Deeper than any stack.
const depth = rounds({ short: 100_000, long: 2_000_000 })
const list = "[".repeat(depth) + "]".repeat(depth)
const object = '{"a":'.repeat(depth) + "1" + "}".repeat(depth)

const text = (value: unknown) => JSON.stringify(value)
const data = (json: string) => `{"RequestId":"r","Success":true,"Code":"ok","Data":${json}}`
const status = (contextStatus: string) => data(text({ ContextStatus: contextStatus }))
const tasks = (json: string) => status(text([{ type: "data", data: json }]))
const result = (json: string) => data(`{"content":[{"type":"text","text":${json}}]}`)

const task = (more: { readonly [key: string]: unknown } = {}) => ({
  contextId: "SdkCtx-1",
  path: "/elsewhere",
  errorMessage: "",
  status: "Success",
  startTime: 1,
  finishTime: 2,
  taskType: "upload",
  ...more
})
/** So many that they fill about as many megabytes. */
const many = (count: number) => Array.from({ length: count * 7000 }, () => text(task())).join(",")

type Case = readonly [
  name: string,
  effect: EffectName,
  action: string,
  body: string,
  end: string,
  /** From which of its requests on the answers are such. */
  from?: number
]

const unreadable = "TransportError Decode"
const info = ["contextManager.info", "GetContextInfo"] as const
const labels = ["session.labels.set", "SetLabel"] as const
const anyTool = ["session.tools.call (any tool)", "CallMcpTool"] as const

const large: ReadonlyArray<Case> = [
  ["a page", ...labels, `<html>${huge}`, "TransportError Transport"],
  ["a status text that is no JSON", ...info, status(huge), unreadable],
  ["tasks that are no JSON", ...info, tasks(huge), unreadable],
  ["tasks", ...info, tasks(`[${many(50)}]`), "Success"],
  ["tasks, one of a wrong form", ...info, tasks(`[${many(5)},{"status":1}]`), unreadable],
  [
    "a list in place of the status text",
    ...info,
    data(`{"ContextStatus":[${many(10)}]}`),
    unreadable
  ],
  ["the message of a task", ...info, tasks(text([task({ errorMessage: huge })])), "Success"],
  ["the code of a refusal", ...info, text({ Success: false, Code: huge }), "ApiError Other"],
  ["the message of a refusal", ...info, text({ Success: false, Message: huge }), "ApiError Other"],
  ["percent signs", ...labels, "%25".repeat(10 * 2 ** 20), "TransportError Transport"],
  ["blanks", ...labels, " ".repeat(50 * 2 ** 20), "TransportError Transport"],
  [
    "a path of slashes",
    "contextManager.sync (one binding)",
    "GetContextInfo",
    tasks(text([task({ path: `/${"/".repeat(2 ** 20)}a/` })])),
    "Success"
  ],
  ["the text of a tool", ...anyTool, result(text(huge)), "Success"]
]

const nested: ReadonlyArray<Case> = [
  ["the answer", ...info, list, unreadable],
  ["`Data`", ...info, data(list), unreadable],
  ["`Data`, of objects", "contexts.getById", "GetContext", data(object), unreadable],
  ["`Data` of a list", "contexts.list", "ListContexts", data(list), unreadable],
  ["`Data` of a plain yes", "contexts.rename", "ModifyContext", data(list), "Success"],
  ["a text", "session.status", "GetSessionDetail", data(`{"Status":${list}}`), unreadable],
  ["the status text", ...info, status(list), unreadable],
  ["the tasks", ...info, tasks(list), unreadable],
  ["a task", ...info, tasks(`[{"contextId":${object}}]`), unreadable],
  [
    "the code and the message of a refusal",
    ...info,
    `{"Success":false,"Code":${list},"Message":${object}}`,
    "ApiError Other"
  ],
  [
    "a policy",
    "contextManager.bindings",
    "DescribeSessionContexts",
    data(text([{ ContextId: "a", Path: "/a", Policy: `{"uploadPolicy":${list}}` }])),
    unreadable
  ],
  [
    "the labels",
    "session.labels.get",
    "GetLabel",
    data(text({ Labels: `{"a":${list}}` })),
    unreadable
  ],
  ["the list of tools", "session.tools.list", "ListMcpTools", data(text(list)), unreadable],
  [
    "the tools of a session, which are a hint",
    "agentBay.get",
    "GetSession",
    data(`{"SessionId":"session-1","ToolList":${list}}`),
    "Success"
  ],
  ["the result of a tool", ...anyTool, result(list), unreadable],
  [
    "the report of a command",
    "session.shell",
    "CallMcpTool",
    result(text(`{"exit_code":${list}}`)),
    "ToolError"
  ]
]

/** The effects that read the status of transfers, and from which of these requests on. */
const readers: ReadonlyArray<readonly [effect: EffectName, name: string, from: number]> = [
  ["contextManager.sync (one binding)", "the baseline", 0],
  ["contextManager.sync (one binding)", "the first poll", 1],
  ["contextManager.sync (one binding)", "the third poll", 3],
  ["contextManager.sync (everything)", "the third poll", 3],
  ["contextManager.progress", "the first poll", 1],
  ["contextManager.progress", "the third poll", 3],
  ["contextManager.bind (awaitDownload)", "the baseline", 0],
  ["contextManager.bind (awaitDownload)", "the third poll", 3],
  ["agentBay.create", "the first poll", 0],
  ["agentBay.create", "the third poll", 2]
]

const megabytesOfPolls = rounds({ short: 2, long: 50 })

/** Tasks of another context are no news to anybody; what has shown before has vanished. */
const endOfOthers = (name: string, effect: EffectName) =>
  name === "the third poll" || effect === "contextManager.bind (awaitDownload)"
    ? "SyncTimeout"
    : "Success"

const ofReaders: ReadonlyArray<Case> = readers.flatMap(
  ([effect, name, from]): ReadonlyArray<Case> => {
    const here = `${name} of ${effect}`
    const at = [effect, "GetContextInfo"] as const
    const long = megabytes(megabytesOfPolls)
    return [
      [`${here}: a status text`, ...at, status(long), unreadable, from],
      [
        `${here}: a message`,
        ...at,
        tasks(text([task({ errorMessage: long })])),
        endOfOthers(name, effect),
        from
      ],
      [`${here}: nested tasks`, ...at, tasks(list), unreadable, from],
      [`${here}: a nested status text`, ...at, status(list), unreadable, from]
    ]
  }
)

const describeError = (error: AgentBayError) =>
  "reason" in error ? `${error._tag} ${error.reason}` : error._tag

const check = ([name, effect, action, body, end, from = 0]: Case) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const planned = { answer: { _tag: "Answer", status: 200, body }, isDone: false } as const
      const { exit } = yield* observe(effect, (of, index) =>
        of === action && index >= from ? planned : undefined
      )
      if (Exit.isSuccess(exit)) return assert.strictEqual("Success", end)
      const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
      if (error === undefined) return assert.fail(Cause.pretty(exit.cause).slice(0, 500))
      assert.strictEqual(describeError(error), end)
      assert.isBelow(error.message.length, 1500)
      assert.isBelow(text(error).length, 5000)
    })
  )

describe("a huge answer has a typed end", () => {
  for (const one of large) check(one)
})

describe("an answer that is nested deeply has a typed end", () => {
  for (const one of nested) check(one)
})

describe("whoever reads the status of transfers lives through one that is huge or nested deeply", () => {
  for (const one of ofReaders) check(one)
})
