import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as SyncPolicy from "@effect-agentbay/core/SyncPolicy"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { fileUrl } from "../../packages/core/src/internal/memory/contextFiles.js"
import { makeMemoryService } from "../../packages/core/src/internal/memoryService.js"
import { inTime } from "./wired.js"

type Texts = { readonly [name: string]: string }

/** A service in memory, asked as any client of the protocol asks. */
const makeService = (taskPolls = 1) => {
  const service = makeMemoryService({ taskPolls })
  const memory = {
    fileRequest: (method: string, contextId: string, path: string, content: Uint8Array, at = 0) =>
      service.fileRequest(method, fileUrl(contextId, path), content, at)
  }

  /** What an action answers, decoded as the client does it. */
  const ask = <Action extends keyof typeof Protocol.operations>(
    action: Action,
    parameters: Texts = {},
    at = 0
  ): (typeof Protocol.operations)[Action]["reply"]["Type"] => {
    const answered = service.answer(action, parameters, at)
    if (answered._tag === "Refusal") throw new Error(`${action}: ${answered.code}`)
    const body = { Data: answered.data, ...answered.beside }
    const operation: Protocol.Any = Protocol.operations[action]
    // The reply of this very operation, whose type the table has lost.
    return Schema.decodeUnknownSync(operation.reply)(body) as never
  }

  const refusalOf = (action: string, parameters: Texts = {}): string => {
    const answered = service.answer(action, parameters, 0)
    return answered._tag === "Refusal" ? answered.code : assert.fail(`${action} was answered`)
  }

  const tool = (SessionId: string, Name: string, args: object) => {
    const { data } = ask("CallMcpTool", { SessionId, Name, Args: JSON.stringify(args) })
    return typeof data === "object"
      ? { text: data.content?.[0]?.text ?? "", isError: data.isError === true }
      : assert.fail("no answer of a tool")
  }

  const makeContext = (Name: string, at = 0) =>
    ask("GetContext", { Name, AllowCreate: "true" }, at).data.id
  const makeSession = (parameters: Texts = {}) =>
    ask("CreateMcpSession", parameters).data.sessionId ?? assert.fail("no session")
  return { memory, ask, refusalOf, tool, makeContext, makeSession }
}

const bindings = (
  ...list: ReadonlyArray<{ readonly id: string; readonly path: string; readonly policy?: object }>
) =>
  JSON.stringify(
    list.map(({ id, path, policy }) => ({
      ContextId: id,
      Path: path,
      ...(policy === undefined ? {} : { Policy: JSON.stringify(policy) })
    }))
  )

const bytes = (text: string) => new TextEncoder().encode(text)

describe("the service in memory answers", () => {
  it("every action, in the shape that its operation promises", () => {
    const service = makeService()
    const ContextId = service.makeContext("notes")
    const FilePath = "/mnt/a.txt"
    const SessionId = service.makeSession()
    const parameters: Texts = {
      ContextId,
      Id: ContextId,
      FilePath,
      SessionId,
      ParentFolderPath: "/mnt",
      PersistenceDataList: bindings({ id: ContextId, path: "/mnt" }),
      Labels: "{}",
      Args: "{}"
    }
    // `Name` means a context in one action and a tool in another.
    const named: Texts = { ModifyContext: "other", CallMcpTool: "list_directory" }
    // What ends something comes last. Until a session is awake again, it is asked twice.
    const last = ["DeleteContext", "PauseSessionAsync", "ResumeSessionAsync", "ReleaseMcpSession"]
    const actions = Object.keys(Protocol.operations) as Array<keyof typeof Protocol.operations>
    const asked = actions
      .filter((action) => action !== "DeleteSessionAsync")
      .toSorted((one, other) => last.indexOf(one) - last.indexOf(other))
    for (const action of asked) {
      service.memory.fileRequest("PUT", ContextId, FilePath, bytes("a"))
      if (action === "ReleaseMcpSession") {
        for (const status of ["RESUMING", "RUNNING"]) {
          assert.strictEqual(service.ask("GetSession", { SessionId }).data.status, status)
        }
      }
      service.ask(action, { ...parameters, Name: named[action] ?? "notes" })
    }
    assert.strictEqual(service.ask("GetSessionDetail", { SessionId }).data.status, "FINISH")
    service.ask("DeleteSessionAsync", { SessionId: service.makeSession() })
  })

  it("no action that there is not, not even one that every object has", () => {
    const { refusalOf } = makeService()
    for (const action of ["Nothing", "toString", "constructor"]) {
      assert.strictEqual(refusalOf(action), "InvalidAction.NotFound")
    }
  })

  it("nothing about sessions and contexts that it does not know", () => {
    const { refusalOf } = makeService()
    for (const action of [
      "GetSession",
      "GetSessionDetail",
      "DeleteSessionAsync",
      "SetLabel",
      "BindContexts",
      "CallMcpTool",
      "PauseSessionAsync"
    ]) {
      assert.strictEqual(refusalOf(action, { SessionId: "s" }), "InvalidMcpSession.NotFound")
    }
    for (const action of ["ModifyContext", "DeleteContext", "ClearContext", "GetContext"]) {
      assert.strictEqual(refusalOf(action, { Id: "c", ContextId: "c" }), "Context.NotFound")
    }
    for (const action of ["DescribeContextFiles", "GetContextFileUploadUrl"]) {
      assert.strictEqual(refusalOf(action, { ContextId: "c" }), "Context.NotFound")
    }
    assert.strictEqual(
      refusalOf("CreateMcpSession", { PersistenceDataList: bindings({ id: "c", path: "/a" }) }),
      "Context.NotFound"
    )
  })
})

describe("lists of the service in memory", () => {
  it("are told newest first, in pages of the size asked for, without loss when more comes", () => {
    const { ask, makeContext } = makeService()
    for (const name of ["a", "b", "c", "d", "e"]) makeContext(name)
    const first = ask("ListContexts", { MaxResults: "2" })
    assert.deepStrictEqual(
      first.data?.map(({ name }) => name),
      ["e", "d"]
    )
    assert.deepInclude(first, { maxResults: 2, totalCount: 5 })
    makeContext("f")
    const second = ask("ListContexts", { MaxResults: "2", NextToken: first.nextToken ?? "" })
    assert.deepStrictEqual(
      second.data?.map(({ name }) => name),
      ["c", "b"]
    )
    const third = ask("ListContexts", { MaxResults: "2", NextToken: second.nextToken ?? "" })
    assert.deepStrictEqual(
      third.data?.map(({ name }) => name),
      ["a"]
    )
    assert.strictEqual(third.nextToken, "")
    assert.strictEqual(ask("ListContexts").data?.length, 6)
  })

  it("of contexts can be those of one session; its own for transfers are in none", () => {
    const { ask, makeContext, makeSession } = makeService()
    makeContext("other")
    const id = makeContext("mine")
    const SessionId = makeSession({ PersistenceDataList: bindings({ id, path: "/a" }) })
    const [own] = ask("GetAndLoadInternalContext", { SessionId, "ContextTypes.1": "x" }).data ?? []
    assert.match(own?.contextId ?? "", /^SdkCtx-/)
    assert.deepStrictEqual(
      ask("ListContexts", { SessionId }).data?.map((context) => context.id),
      [id]
    )
    assert.strictEqual(ask("ListContexts").data?.length, 2)
  })

  it("of sessions are filtered by labels and by state, ten at a time", () => {
    const { ask, makeSession } = makeService()
    const first = makeSession({ Labels: '{"a":"1","b":"2"}' })
    for (let n = 0; n < 11; n++) makeSession({ Labels: '{"a":"1"}' })
    const ids = (parameters: Texts) =>
      ask("ListSession", parameters).data?.map(({ sessionId }) => sessionId)
    assert.strictEqual(ids({ Labels: '{"a":"1"}' })?.length, 10)
    assert.deepStrictEqual(ids({ Labels: '{"a":"1","b":"2"}' }), [first])
    ask("SetLabel", { SessionId: first, Labels: '{"c":"3"}' })
    assert.deepStrictEqual(ids({ Labels: '{"b":"2"}' }), [])
    assert.deepStrictEqual(ask("GetLabel", { SessionId: first }).data?.labels, { c: "3" })
    ask("PauseSessionAsync", { SessionId: first })
    assert.deepStrictEqual(ids({ Labels: "{}", Status: "PAUSING" }), [first])
  })
})

describe("states of the service in memory", () => {
  it("a pause and its end are seen on their way for as many questions as a task runs", () => {
    const { ask, makeSession, refusalOf } = makeService(2)
    const SessionId = makeSession()
    const states = (n: number) =>
      Array.from({ length: n }, () => ask("GetSession", { SessionId }).data.status)
    ask("PauseSessionAsync", { SessionId })
    assert.strictEqual(refusalOf("CallMcpTool", { SessionId }), "InvalidMcpSession.Status")
    assert.deepStrictEqual(states(4), ["PAUSING", "PAUSING", "PAUSED", "PAUSED"])
    assert.strictEqual(refusalOf("DeleteSessionAsync", { SessionId }), "InvalidMcpSession.Status")
    ask("ResumeSessionAsync", { SessionId })
    assert.deepStrictEqual(states(4), ["RESUMING", "RESUMING", "RUNNING", "RUNNING"])
    ask("RefreshSessionIdleTime", { SessionId })
  })

  it("a clear empties the context and is seen for as many questions; its name stays", () => {
    const { ask, makeContext, memory, refusalOf } = makeService(2)
    const ContextId = makeContext("notes")
    memory.fileRequest("PUT", ContextId, "/a", bytes("x"))
    ask("ClearContext", { Id: ContextId })
    const states = [1, 2, 3].map(() => ask("GetContext", { ContextId }).data.state)
    assert.deepStrictEqual(states, ["clearing", "clearing", "available"])
    assert.strictEqual(ask("GetContext", { Name: "notes" }).data.id, ContextId)
    assert.strictEqual(
      refusalOf("GetContextFileDownloadUrl", { ContextId, FilePath: "/a" }),
      "FileNotExist"
    )
  })

  it("a context is found by its new name only, and not at all once it is deleted", () => {
    const { ask, makeContext, refusalOf } = makeService()
    const Id = makeContext("old")
    makeContext("taken")
    assert.strictEqual(refusalOf("ModifyContext", { Id, Name: "taken" }), "InvalidParameter")
    ask("ModifyContext", { Id, Name: "new" })
    assert.strictEqual(ask("GetContext", { Name: "new" }).data.id, Id)
    assert.strictEqual(refusalOf("GetContext", { Name: "old" }), "Context.NotFound")
    ask("DeleteContext", { Id })
    assert.strictEqual(refusalOf("GetContext", { ContextId: Id }), "Context.NotFound")
  })
})

describe("stored files of the service in memory", () => {
  it("come and go by URLs, and are listed by folder and page", () => {
    const { ask, makeContext, memory, refusalOf } = makeService()
    const ContextId = makeContext("notes")
    const FilePath = "/mnt/ü/a b?.bin"
    const { url } = ask("GetContextFileUploadUrl", { ContextId, FilePath }).data
    assert.strictEqual(
      Redacted.value(url),
      `https://files.agentbay.test/${ContextId}/${encodeURIComponent(FilePath)}`
    )
    assert.strictEqual(memory.fileRequest("GET", ContextId, FilePath, bytes("")).status, 404)
    const content = Uint8Array.of(0, 255, 7)
    assert.strictEqual(memory.fileRequest("PUT", ContextId, FilePath, content, 1_000).status, 200)
    content.fill(1)
    const got = memory.fileRequest("GET", ContextId, FilePath, bytes(""))
    assert.deepStrictEqual([got.status, ...got.bytes], [200, 0, 255, 7])
    for (const name of ["b", "c"]) memory.fileRequest("PUT", ContextId, `/mnt/${name}`, bytes("x"))

    const page = (PageNumber: string, ParentFolderPath = "/mnt") =>
      ask("DescribeContextFiles", { ContextId, ParentFolderPath, PageNumber, PageSize: "2" })
    assert.deepStrictEqual(
      page("1").data?.map(({ fileName, filePath, fileType, size }) => [
        fileName,
        filePath,
        fileType,
        size
      ]),
      [
        ["ü", "/mnt/ü", "FOLDER", 0],
        ["b", "/mnt/b", "FILE", 1]
      ]
    )
    assert.deepStrictEqual(
      page("2").data?.map(({ fileName }) => fileName),
      ["c"]
    )
    assert.strictEqual(page("1").count, 3)
    assert.strictEqual(page("1", "/mnt/ü/").data?.[0]?.gmtModified, "1970-01-01T00:00:01Z")

    ask("DeleteContextFile", { ContextId, FilePath })
    assert.strictEqual(refusalOf("DeleteContextFile", { ContextId, FilePath }), "FileNotExist")
    assert.strictEqual(memory.fileRequest("GET", "nobody", FilePath, bytes("")).status, 404)
    assert.strictEqual(memory.fileRequest("DELETE", ContextId, "/mnt/b", bytes("")).status, 405)
  })
})

describe("transfers of the service in memory", () => {
  const stored = (service: ReturnType<typeof makeService>, id: string, path: string) => {
    const { bytes: content, status } = service.memory.fileRequest("GET", id, path, bytes(""))
    return status === 200 ? new TextDecoder().decode(content) : undefined
  }

  it("download at the start and upload at the release, unless that is switched off", () => {
    const service = makeService()
    const id = service.makeContext("notes")
    service.memory.fileRequest("PUT", id, "/a/x", bytes("stored"))
    const off = { downloadPolicy: { autoDownload: false }, uploadPolicy: { autoUpload: false } }
    for (const [policy, brought, kept] of [
      [undefined, true, "new"],
      [{}, true, "new"],
      [off, false, undefined]
    ] as const) {
      service.memory.fileRequest("PUT", id, "/a/y", bytes(""))
      service.ask("DeleteContextFile", { ContextId: id, FilePath: "/a/y" })
      const PersistenceDataList = bindings({ id, path: "/a", ...(policy && { policy }) })
      const SessionId = service.makeSession({ PersistenceDataList })
      assert.strictEqual(!service.tool(SessionId, "read_file", { path: "/a/x" }).isError, brought)
      const [task] = service.ask("GetContextInfo", { SessionId }).data?.contextStatus ?? []
      assert.deepInclude(task, { taskType: "download", status: brought ? "Running" : "Success" })
      service.tool(SessionId, "write_file", { path: "/a/y", content: "new" })
      service.ask("DeleteSessionAsync", { SessionId })
      assert.strictEqual(stored(service, id, "/a/y"), kept)
    }
  })

  it("carry deletions of what the session has seen, unless that is switched off", () => {
    for (const [policy, left] of [
      [{}, undefined],
      [{ deletePolicy: { syncLocalFile: false } }, "old"]
    ] as const) {
      const service = makeService()
      const id = service.makeContext("notes")
      service.memory.fileRequest("PUT", id, "/a/x", bytes("old"))
      const SessionId = service.makeSession({
        PersistenceDataList: bindings({ id, path: "/a", policy })
      })
      service.memory.fileRequest("PUT", id, "/a/later", bytes("unseen"))
      service.tool(SessionId, "delete_file", { path: "/a/x" })
      service.ask("SyncContext", { SessionId })
      assert.strictEqual(stored(service, id, "/a/x"), left)
      assert.strictEqual(stored(service, id, "/a/later"), "unseen")
    }
  })

  it("keep to the whitelist, and bring what was stored under another path", () => {
    const service = makeService()
    const id = service.makeContext("notes")
    const policy = SyncPolicy.make({
      whiteLists: [{ path: "/src", excludePaths: ["/tmp"] }],
      mapping: { path: "/old" }
    })
    service.memory.fileRequest("PUT", id, "/old/src/in", bytes("in"))
    service.memory.fileRequest("PUT", id, "/old/other", bytes("out"))
    const SessionId = service.makeSession({
      PersistenceDataList: bindings({ id, path: "/new/", policy })
    })
    const { tool } = service
    assert.strictEqual(tool(SessionId, "read_file", { path: "/new/src/in" }).text, "in")
    assert.isTrue(tool(SessionId, "read_file", { path: "/new/other" }).isError)
    for (const path of ["/new/src/mine", "/new/src/tmp/x", "/new/root", "/new/srcx/y"]) {
      tool(SessionId, "write_file", { path, content: "new" })
    }
    service.ask("SyncContext", { SessionId, ContextId: id, Path: "/new" })
    assert.strictEqual(stored(service, id, "/old/src/mine"), "new")
    for (const path of ["/old/src/tmp/x", "/old/root", "/old/srcx/y", "/new/src/mine"]) {
      assert.isUndefined(stored(service, id, path))
    }
  })

  it("of a context that is gone fail, and say so", () => {
    const service = makeService(0)
    const SessionId = service.makeSession()
    service.ask("SyncContext", { SessionId, ContextId: "gone", Path: "/a" })
    const [task] = service.ask("GetContextInfo", { SessionId }).data?.contextStatus ?? []
    assert.deepInclude(task, { status: "Failed", errorMessage: "Context not found" })
  })
})

describe("a program that binds, over the service in memory", () => {
  it.effect("sees what is stored, at the new path and in the bindings", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      const { id: contextId } = yield* agentBay.contexts.getOrCreate("notes")
      const path = "/home/wuying/notes"
      const first = yield* inTime(agentBay.create({ contexts: [{ contextId, path }] }))
      yield* first.files.write(`${path}/a.md`, "# A\n")
      yield* inTime(first.delete())
      const session = yield* inTime(agentBay.create())
      const policy = SyncPolicy.standard
      const bound = yield* inTime(
        session.contextManager.bind({ contextId, path, policy }, { awaitDownload: true })
      )
      assert.deepStrictEqual(bound, [{ contextId, path, contextName: "notes", policy }])
      assert.deepStrictEqual(yield* session.contextManager.bindings, bound)
      assert.strictEqual(yield* session.files.readString(`${path}/a.md`), "# A\n")
      const taken = yield* Effect.flip(session.contextManager.bind({ contextId, path }))
      assert.deepInclude(taken, { _tag: "ApiError", reason: "PathAlreadyBound" })
    }).pipe(Effect.provide(AgentBayTest.layer({ taskPolls: 3 })))
  )

  it.effect("walks the pages of its sessions", () =>
    Effect.gen(function* () {
      const agentBay = yield* AgentBay.AgentBay
      for (let n = 0; n < 5; n++) yield* agentBay.create({ labels: { n: String(n) } })
      const second = yield* agentBay.listPage({ page: 2, pageSize: 2 })
      assert.strictEqual(second.items.length, 2)
      assert.strictEqual(second.totalCount, 5)
      const error = yield* Effect.flip(agentBay.listPage({ page: 4, pageSize: 2 }))
      assert.deepInclude(error, { _tag: "InvalidArgument", argument: "page" })
    }).pipe(Effect.provide(AgentBayTest.layer()))
  )
})

describe("the file tools of the service in memory", () => {
  const withSession = () => {
    const service = makeService()
    const SessionId = service.makeSession()
    return (name: string, args: object) => service.tool(SessionId, name, args)
  }

  it("write in each mode, read in pieces and in base64", () => {
    const tool = withSession()
    const path = "~/a.txt"
    assert.isFalse(tool("write_file", { path, content: "one", mode: "create_new" }).isError)
    assert.isTrue(tool("write_file", { path, content: "x", mode: "create_new" }).isError)
    assert.isTrue(tool("write_file", { path, content: "x", mode: "other" }).isError)
    tool("write_file", { path, content: "dHdv", format: "binary", mode: "append" })
    assert.isTrue(tool("write_file", { path, content: "%", format: "binary" }).isError)
    assert.strictEqual(tool("read_file", { path: "/home/wuying//./a.txt" }).text, "onetwo")
    assert.strictEqual(tool("read_file", { path, offset: 2, length: 2 }).text, "et")
    assert.strictEqual(tool("read_file", { path, offset: 3, format: "binary" }).text, "dHdv")
    assert.isTrue(tool("read_file", { path: "/none" }).isError)
  })

  it("tell of files and folders", () => {
    const tool = withSession()
    tool("write_file", { path: "/d/e/f", content: "123" })
    tool("create_directory", { path: "/d/empty" })
    assert.include(tool("get_file_info", { path: "/d/e/f" }).text, "size: 3\nisDirectory: false")
    assert.include(tool("get_file_info", { path: "/d/e/" }).text, "isDirectory: true")
    assert.isTrue(tool("get_file_info", { path: "/d/x" }).isError)
    assert.strictEqual(tool("list_directory", { path: "/d" }).text, "[DIR] e\n[DIR] empty")
    assert.deepStrictEqual(tool("list_directory", { path: "/d/empty" }), {
      text: "",
      isError: false
    })
    assert.isTrue(tool("list_directory", { path: "/none" }).isError)
    assert.isTrue(tool("create_directory", { path: "/d/e/f" }).isError)
    assert.isTrue(tool("write_file", { path: "/d/e", content: "" }).isError)
  })

  it("move, delete and edit, and tell once what changed", () => {
    const tool = withSession()
    tool("write_file", { path: "/a/x", content: "one two one" })
    assert.isFalse(tool("move_file", { source: "/a", destination: "/b" }).isError)
    assert.isTrue(tool("move_file", { source: "/none", destination: "/c" }).isError)
    assert.isTrue(tool("move_file", { source: "/b", destination: "/b/in" }).isError)
    assert.isTrue(tool("move_file", { source: "/b/x", destination: "/tmp" }).isError)
    const edits = [{ oldText: "one", newText: "$&" }]
    tool("edit_file", { path: "/b/x", edits, dryRun: true })
    assert.strictEqual(tool("read_file", { path: "/b/x" }).text, "one two one")
    tool("edit_file", { path: "/b/x", edits })
    assert.strictEqual(tool("read_file", { path: "/b/x" }).text, "$& two one")
    const missing = [...edits, { oldText: "none", newText: "" }]
    assert.isTrue(tool("edit_file", { path: "/b/x", edits: missing }).isError)
    assert.strictEqual(tool("read_file", { path: "/b/x" }).text, "$& two one")
    assert.isTrue(tool("delete_file", { path: "/b" }).isError)
    assert.isFalse(tool("delete_file", { path: "/b/x" }).isError)
    assert.isTrue(tool("delete_file", { path: "/b/x" }).isError)
    const changes = () =>
      Schema.decodeUnknownSync(
        Schema.parseJson(Schema.Array(Schema.Struct({ eventType: Schema.String })))
      )(tool("get_file_change", { path: "/b" }).text).map(({ eventType }) => eventType)
    assert.deepStrictEqual(changes(), ["create", "modify", "delete"])
    assert.deepStrictEqual(changes(), [])
  })

  it("search by wildcards, and read several files at once", () => {
    const tool = withSession()
    for (const name of ["a.md", "b.md", "b.txt", "in/c.md"]) {
      tool("write_file", { path: `/d/${name}`, content: name })
    }
    assert.strictEqual(
      tool("search_files", { path: "/d", pattern: "?.md", excludePatterns: ["b*"] }).text,
      "/d/a.md\n/d/in/c.md"
    )
    assert.strictEqual(
      tool("read_multiple_files", { paths: ["/d/a.md", "/d/b.md"] }).text,
      "/d/a.md: a.md\n---\n/d/b.md: b.md"
    )
  })

  it("are listed; a shell is not there", () => {
    const service = makeService()
    const names = service.ask("ListMcpTools").data.map(({ name }) => name)
    assert.includeMembers(names, ["write_file", "search_files"])
    const SessionId = service.makeSession()
    for (const name of ["shell", "toString"]) {
      assert.deepStrictEqual(service.tool(SessionId, name, { command: "ls" }), {
        text: `tool not found: ${name}`,
        isError: true
      })
    }
    for (const name of names)
      assert.notInclude(service.tool(SessionId, name, {}).text, "tool not found")
  })
})
