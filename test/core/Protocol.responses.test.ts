import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { responses, type SampleResponse } from "./captures.js"
import { inTime, wired } from "./wired.js"

const operations: { readonly [action: string]: Protocol.Any } = Protocol.operations

/** What a sample means: the decoded reply, or these fields of the error. */
type Meaning =
  | { readonly reply: unknown }
  | { readonly error: { readonly [field: string]: unknown } }

const accepted = (reply: unknown): Meaning => ({ reply })
const refused = (
  reason: string,
  code: string,
  httpStatus: number,
  description: string | RegExp
): Meaning => ({ error: { _tag: "ApiError", reason, code, httpStatus, description } })

const sessionGone = (httpStatus: number, description = "Resource [McpSession] is not found.") =>
  refused("SessionNotFound", "InvalidMcpSession.NotFound", httpStatus, description)

const work = { contextId: "SdkCtx-04c1xq8m2npr9w3ya", path: "/home/wuying/work" }
const seconds = (value: number) =>
  value === 0 ? Option.none() : Option.some(DateTime.unsafeMake(value * 1000))
const task = (
  taskType: string,
  status: string,
  startTime: number,
  finishTime: number,
  errorMessage = "",
  where = work
) => ({
  ...where,
  errorMessage,
  status,
  startTime: seconds(startTime),
  finishTime: seconds(finishTime),
  taskType
})
const downloaded = task("download", "Success", 1767225600, 1767225603)
const tasks = (...contextStatus: ReadonlyArray<unknown>) => accepted({ data: { contextStatus } })

const detail = (status: string) =>
  accepted({
    data: {
      aliuid: "1000000000000001",
      apikeyId: "ak-000001",
      appInstanceGroupId: "aig-0001",
      appInstanceId: "ai-0d4kq7c2m9x5t1w8b",
      appUserId: "u-0001",
      bizType: 1,
      endReason: "",
      id: 42,
      imageId: "linux_latest",
      imageType: "SYSTEM",
      isDeleted: 0,
      policyId: "",
      regionId: "cn-hangzhou",
      resourceConfigId: "",
      status
    }
  })

const place = {
  appInstanceId: "ai-0d4kq7c2m9x5t1w8b",
  resourceId: "p-0bxls9m1arl8c2k",
  resourceUrl: "https://agentbay.example.invalid/console?resourceId=p-0bxls9m1arl8c2k",
  sessionId: "session-04c1xq8m2nprk5t7e",
  success: true,
  vpcResource: false
}
const noLink = { httpPort: "", linkUrl: "", networkInterfaceIp: "", toolList: [], wsUrl: "" }
const found = (status: string) =>
  accepted({
    data: {
      ...place,
      ...noLink,
      token: Redacted.make(""),
      status,
      contexts: [{ id: "SdkCtx-04c1xq8m2npr9w3ya", name: "my-project" }]
    }
  })

const myProject = {
  createTime: "2025-12-29T12:00:00Z",
  id: "SdkCtx-04c1xq8m2npr9w3ya",
  lastUsedTime: "2025-12-29T12:30:00Z",
  name: "my-project",
  osType: "linux",
  state: "available"
}
const sharedLibs = { ...myProject, id: "SdkCtx-04c1xq8m2nprb6u0d", name: "shared-libs" }

const context = (state: string) => accepted({ data: { ...myProject, state } })

const contextGone = (httpStatus: number) =>
  refused("ContextNotFound", "Context.NotFound", httpStatus, "Context not found")

const stored = {
  gmtCreate: "2025-12-29T12:00:00Z",
  gmtModified: "2025-12-29T12:00:05Z",
  status: "available"
}

const fileUrl = (signature: string) =>
  accepted({
    data: {
      expireTime: 1767229200,
      url: Redacted.make(
        `http://127.0.0.1:8081/oss/SdkCtx-04c1xq8m2npr9w3ya/tmp/a.txt?Expires=1767229200&Signature=${signature}`
      )
    }
  })

const toolText = (text: string, isError = false) =>
  accepted({ data: { content: [{ type: "text", text }], isError } })

const meanings: { readonly [action: string]: { readonly [name: string]: Meaning } } = {
  CreateMcpSession: {
    "ok without direct link": accepted({
      data: { ...place, ...noLink, errMsg: "", token: Redacted.make("") }
    }),
    "ok with direct link and tool list": accepted({
      data: {
        ...place,
        linkUrl: "http://127.0.0.1:8081/link/session-04c1xq8m2nprk5t7e",
        token: Redacted.make("5f0c9b1e7a2d44c6"),
        wsUrl: "ws://127.0.0.1:8081/ws/session-04c1xq8m2nprk5t7e",
        toolList: [
          { name: "shell", server: "wuying_shell" },
          { name: "read_file", server: "wuying_filesystem" },
          { name: "write_file", server: "wuying_filesystem" }
        ]
      }
    }),
    "refused at data level": refused("Other", "", 200, "no resource available for the image"),
    "refused in the envelope": refused(
      "ContextNotFound",
      "InvalidContext.NotFound",
      200,
      "Resource [Context] is not found."
    ),
    "bad api key": refused(
      "NotLoggedIn",
      "NOT_LOGIN",
      400,
      "You are not logged in or your login token has expired"
    ),
    throttled: refused(
      "Throttled",
      "Throttling.User",
      400,
      "Request was denied due to user flow control."
    )
  },
  GetContextInfo: {
    "nothing yet": tasks(),
    "empty array": tasks(),
    "no ContextStatus key": accepted({ data: {} }),
    "download done": tasks(downloaded),
    "download running": tasks(task("download", "Running", 1767225600, 0)),
    "upload running beside the finished first download": tasks(
      downloaded,
      task("upload", "Running", 1767225900, 0)
    ),
    "upload done beside the finished first download": tasks(
      downloaded,
      task("upload", "Success", 1767225900, 1767225904)
    ),
    "upload failed": tasks(task("upload", "Failed", 1767225900, 1767225904, "upload interrupted")),
    "two contexts and a log element": tasks(
      downloaded,
      task("upload", "Failed", 1767225700, 1767225800, "Some error", {
        contextId: "SdkCtx-04c1xq8m2nprb6u0d",
        path: "/tmp/data"
      })
    ),
    "unreadable ContextStatus": {
      error: {
        _tag: "TransportError",
        reason: "Decode",
        status: 200,
        requestId: "7C1E0A16-52B4-5D0E-9F3A-8E6B1C2D4F16",
        description: /ContextStatus/
      }
    },
    "session gone, http error": sessionGone(400),
    "session gone, envelope": sessionGone(200)
  },
  SyncContext: {
    accepted: accepted({}),
    "refused in the envelope": refused(
      "InvalidParameter",
      "InvalidParameter",
      200,
      "The path is not bound to the session."
    ),
    "session gone": sessionGone(400),
    "server fault": refused(
      "ServerFault",
      "InternalError",
      500,
      "The request processing has failed due to some unknown error."
    )
  },
  DescribeSessionContexts: {
    "two bindings": accepted({
      data: [
        {
          contextId: "SdkCtx-04c1xq8m2npr9w3ya",
          contextName: "project-data",
          path: "/tmp/project",
          policy: {},
          bindTime: "2026-03-06T10:00:00Z"
        },
        {
          contextId: "SdkCtx-04c1xq8m2nprb6u0d",
          contextName: "shared-libs",
          path: "/opt/libs",
          policy: {
            uploadPolicy: {
              autoUpload: true,
              uploadStrategy: "UploadBeforeResourceRelease",
              uploadMode: "File"
            }
          },
          bindTime: "2026-03-06T10:05:00Z"
        }
      ]
    }),
    none: accepted({ data: [] }),
    "null data": accepted({}),
    "session gone": sessionGone(200, "Session not found")
  },
  GetContext: {
    "found or created": context("available"),
    "being cleared": context("clearing"),
    "absent, envelope": contextGone(200),
    "absent, http error": contextGone(400)
  },
  ListContexts: {
    "first page": accepted({
      data: [
        myProject,
        {
          ...sharedLibs,
          createTime: "2025-12-29T13:00:00Z",
          lastUsedTime: "2025-12-29T13:30:00Z"
        }
      ],
      maxResults: 2,
      nextToken: "Mg==",
      totalCount: 15
    }),
    "last page": accepted({ data: [sharedLibs], maxResults: 10, nextToken: "", totalCount: 15 }),
    empty: accepted({ data: [], maxResults: 10, nextToken: "", totalCount: 0 })
  },
  ModifyContext: { ok: accepted({}), absent: contextGone(200) },
  DeleteContext: { ok: accepted({}), absent: contextGone(200) },
  ClearContext: { ok: accepted({}), absent: contextGone(200) },
  DescribeContextFiles: {
    "two entries": accepted({
      data: [
        {
          ...stored,
          fileId: "100021",
          fileName: "a.txt",
          filePath: "/tmp/a.txt",
          fileType: "FILE",
          size: 11
        },
        {
          ...stored,
          fileId: "100022",
          fileName: "logs",
          filePath: "/tmp/logs",
          fileType: "FOLDER",
          size: 0
        }
      ],
      count: 2
    }),
    empty: accepted({ data: [], count: 0 })
  },
  GetContextFileUploadUrl: { ok: fileUrl("x") },
  GetContextFileDownloadUrl: {
    ok: fileUrl("y"),
    "file absent": refused("FileNotFound", "FileNotExist", 400, "file not exist")
  },
  DeleteContextFile: {
    ok: accepted({}),
    refused: refused("InvalidParameter", "InvalidParameter", 200, "Failed to delete file")
  },
  BindContexts: {
    accepted: accepted({}),
    "path taken": refused(
      "PathAlreadyBound",
      "PathAlreadyBound",
      200,
      "Path /tmp/test is already bound"
    )
  },
  ReleaseMcpSession: { ok: accepted({}), "session gone": sessionGone(400) },
  PauseSessionAsync: { ok: accepted({}), "session gone": sessionGone(400) },
  ResumeSessionAsync: { ok: accepted({}), "session gone": sessionGone(400) },
  RefreshSessionIdleTime: { ok: accepted({}), "session gone": sessionGone(400) },
  SetLabel: { ok: accepted({}), "session gone": sessionGone(400) },
  GetLabel: {
    ok: accepted({
      data: { labels: { project: "demo", env: "test" } },
      maxResults: 10,
      nextToken: "",
      totalCount: 2
    }),
    none: accepted({ data: { labels: {} }, maxResults: 10, nextToken: "", totalCount: 0 })
  },
  GetMcpResource: {
    ok: accepted({
      data: {
        sessionId: "session-04c1xq8m2nprk5t7e",
        resourceUrl: "https://agentbay.example.invalid/console?resourceId=p-0bxls9m1arl8c2k",
        desktopInfo: {
          appId: "app-1",
          authCode: Redacted.make("code"),
          connectionProperties: "{}",
          resourceId: "p-0bxls9m1arl8c2k",
          resourceType: "Desktop",
          ticket: Redacted.make("ticket")
        }
      }
    })
  },
  GetLink: {
    ok: accepted({ data: { url: Redacted.make("wss://agentbay.example.invalid/link/abc") } })
  },
  GetAndLoadInternalContext: {
    ok: accepted({
      data: [
        {
          contextId: "SdkCtx-04c1xq8m2nprft01",
          contextPath: "/tmp/file_transfer",
          contextType: "file_transfer"
        }
      ]
    })
  },
  ListMcpTools: {
    ok: accepted({
      data: [
        {
          name: "shell",
          description: "run a command",
          server: "wuying_shell",
          inputSchema: {
            type: "object",
            properties: { command: { type: "string" }, timeout_ms: { type: "integer" } },
            required: ["command"]
          },
          tool: "shell"
        }
      ]
    })
  },
  DeleteSessionAsync: {
    ok: accepted({}),
    "session gone": sessionGone(400),
    "already released": sessionGone(400, "no alive session found, no need to release")
  },
  GetSession: {
    running: found("RUNNING"),
    pausing: found("PAUSING"),
    "session gone": sessionGone(400)
  },
  GetSessionDetail: {
    running: detail("RUNNING"),
    deleting: detail("DELETING"),
    deleted: detail("DELETED"),
    finish: detail("FINISH"),
    "session gone": sessionGone(400)
  },
  ListSession: {
    "page with more": accepted({
      data: [
        { sessionId: "session-04c1xq8m2nprk5t7e", sessionStatus: "RUNNING" },
        { sessionId: "session-04c1xq8m2nprk5t8f", sessionStatus: "PAUSED" }
      ],
      maxResults: 2,
      nextToken: "Mg==",
      totalCount: 3
    }),
    empty: accepted({ data: [], maxResults: 10, nextToken: "", totalCount: 0 })
  },
  CallMcpTool: {
    "shell ok": toolText('{"stdout":"hi\\n","stderr":"","exit_code":0,"traceId":""}'),
    "shell exit 1": toolText(
      '{"stdout":"","stderr":"cat: /nope: No such file or directory\\n","exit_code":1,"traceId":"0a1b2c3d"}',
      true
    ),
    "data as JSON text": toolText("plain text"),
    "write_file ok": toolText("true"),
    "read_file binary": toolText("aGVsbG8gd29ybGQ="),
    list_directory: toolText("[DIR] logs\n[FILE] a.txt"),
    get_file_info: toolText(
      "name: a.txt\npath: /tmp/a.txt\nsize: 11\nisDirectory: false\nmodTime: 2025-12-29T12:00:00Z\nmode: rw-r--r--\nowner: wuying\ngroup: wuying"
    ),
    "tool error": toolText("file not found: /tmp/none.txt", true),
    "session gone": sessionGone(400)
  }
}

const unknownAction = refused(
  "ActionNotFound",
  "InvalidAction.NotFound",
  404,
  "Specified api is not found, please check your url and method."
)

const payload = {
  sessionId: "session-0001",
  labels: {},
  args: "{}",
  name: "shell",
  id: "SdkCtx-1",
  contextId: "SdkCtx-1",
  filePath: "/tmp/a.txt",
  persistenceDataList: []
}

const requestIdOf = (sample: SampleResponse): unknown =>
  JSON.parse(JSON.stringify(sample.body)).RequestId

// Secrets have no visible parts of their own to compare: their values are taken out.
const open = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return { secret: Redacted.value(value) }
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (Array.isArray(value)) return value.map(open)
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, open(part)]))
    : value
}

const judge = (operation: Protocol.Any, sample: SampleResponse, meaning: Meaning) =>
  Effect.gen(function* () {
    const http = yield* AgentBayHttp.AgentBayHttp
    const result = yield* inTime(Effect.either(http.call(operation, payload)))
    if ("reply" in meaning) {
      const { reply, requestId } = yield* result
      assert.deepStrictEqual(open(reply), open(meaning.reply))
      assert.strictEqual(requestId, requestIdOf(sample))
      return
    }
    assert.isTrue(Either.isLeft(result))
    const error = yield* Effect.flip(result)
    for (const [field, wanted] of Object.entries(meaning.error)) {
      const actual: unknown = Reflect.get(error, field)
      if (wanted instanceof RegExp) assert.match(String(actual), wanted)
      else assert.strictEqual(actual, wanted, field)
    }
    assert.strictEqual(error.operation, operation.action)
    assert.strictEqual(error.requestId, requestIdOf(sample))
    const aboutASession = "sessionId" in Object(Reflect.get(operation.payload, "fields"))
    if (aboutASession && !["CreateMcpSession", "ListContexts"].includes(operation.action)) {
      assert.strictEqual(error.sessionId, "session-0001")
    }
  }).pipe(
    Effect.provide(
      wired({
        script: {
          [operation.action]: AgentBayTest.raw(sample.httpStatus, JSON.stringify(sample.body))
        }
      })
    )
  )

describe("sample answers of the service", () => {
  const samples = responses.filter(({ action }) => action in operations)

  it("each have a meaning here, and each meaning a sample", () => {
    assert.deepStrictEqual(
      Object.entries(meanings)
        .flatMap(([action, cases]) => Object.keys(cases).map((name) => `${action}: ${name}`))
        .toSorted(),
      samples.map((sample) => `${sample.action}: ${sample.case}`).toSorted()
    )
    assert.strictEqual(samples.length, 86)
  })

  for (const sample of samples) {
    it.effect(`${sample.action}: ${sample.case}`, () =>
      judge(operations[sample.action]!, sample, meanings[sample.action]![sample.case]!)
    )
  }

  const any = responses.filter(({ action }) => action === "(any)")

  it("has one sample that fits every action", () => {
    assert.deepStrictEqual(
      any.map((sample) => sample.case),
      ["unknown action"]
    )
  })

  for (const operation of Object.values(operations)) {
    for (const sample of any) {
      it.effect(`${operation.action}: ${sample.case}`, () =>
        judge(operation, sample, unknownAction)
      )
    }
  }
})
