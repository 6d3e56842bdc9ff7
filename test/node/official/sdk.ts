/**
 * What the official TypeScript SDK does with its requests: in which order it sends them, when
 * it asks again, and when it is content. Its waits go by fifty times as fast.
 */
import * as Effect from "effect/Effect"
import * as NodeHttp from "node:http"
import * as NodeHttps from "node:https"
import type { Readable } from "node:stream"
import * as Wire from "../local/wire.js"
import type * as Captured from "./captured.js"

/** A hard error: the base client throws it before any code of the action sees the body. */
export interface Thrown {
  readonly _tag: "Thrown"
  readonly statusCode: number
  readonly code: string
  readonly message: string
}

const haste = 50

const wait = (millis: number) => Effect.sleep(millis / haste)

/** First 500 ms, then a tenth more each time, at most 5 s. */
const nextInterval = (millis: number): number => Math.min(millis * 1.1, 5000)

export const send = (
  connection: Captured.Connection,
  n: number,
  values: Captured.Values = {}
): Effect.Effect<unknown, Thrown> =>
  Effect.flatMap(connection.send(n, values), ({ body, status }) =>
    status >= 400 && status < 600
      ? Effect.fail<Thrown>({
          _tag: "Thrown",
          statusCode: status,
          code: Wire.textAt(body, "Code"),
          message: Wire.textAt(body, "Message")
        })
      : Effect.succeed(body)
  )

const hasFailed = (body: unknown): boolean => Wire.at(body, "Success") !== true

const isTerminal = (status: string): boolean => status === "Success" || status === "Failed"

/** A status item, read as the SDK reads it. */
export interface Item {
  readonly contextId: string
  readonly path: string
  readonly taskType: string
  readonly status: string
  readonly errorMessage: string
}

/** `context.info()`: a soft error or an unreadable text is an empty list. */
export const items = (body: unknown): ReadonlyArray<Item> => {
  const status = Wire.at(body, "Data", "ContextStatus")
  if (typeof status !== "string" || status === "") return []
  const elements: ReadonlyArray<{ type: string; data: string }> = JSON.parse(status)
  return elements
    .filter(({ type }) => type === "data")
    .flatMap(({ data }): ReadonlyArray<Item> => JSON.parse(data))
}

export interface Binding {
  readonly contextId: string
  readonly path: string
  /** The text of the policy. Default: the one that was captured. */
  readonly policy?: string
}

const capturedPolicy = (form: Captured.Values): string =>
  JSON.parse(form["PersistenceDataList"] ?? "[]")[0].Policy

/** The list of bindings as the SDK writes it. */
const persistence = (bindings: ReadonlyArray<Binding>, defaultPolicy?: string): string =>
  JSON.stringify(
    bindings.map(({ contextId, path, policy = defaultPolicy }) => ({
      ContextId: contextId,
      Path: path,
      ...(policy === undefined ? {} : { Policy: policy })
    }))
  )

/** Asks at once, then at growing intervals, until every context has ended its download. */
const waitForDownloads = (
  connection: Captured.Connection,
  sessionId: string,
  contextIds: ReadonlyArray<string>
): Effect.Effect<number> =>
  Effect.gen(function* () {
    let interval = 500
    for (let attempt = 1; attempt <= 50; attempt++) {
      const body = yield* Effect.option(send(connection, 40, { SessionId: sessionId }))
      const ended = new Set(
        (body._tag === "Some" ? items(body.value) : [])
          .filter(({ status }) => isTerminal(status))
          .map(({ contextId }) => contextId)
      )
      if (contextIds.every((id) => ended.has(id))) return attempt
      yield* wait(interval)
      interval = nextInterval(interval)
    }
    return yield* Effect.dieMessage("create waited for 174 seconds")
  })

/** `agentBay.create(params)` with contexts. */
export const create = (
  connection: Captured.Connection,
  form: Captured.Values,
  bindings: ReadonlyArray<Binding>,
  labels: { readonly [name: string]: string } = { project: "demo" }
) =>
  Effect.gen(function* () {
    const body = yield* send(connection, 39, {
      PersistenceDataList: persistence(bindings, capturedPolicy(form)),
      Labels: JSON.stringify(labels)
    })
    if (hasFailed(body)) return yield* Effect.dieMessage(`create: ${JSON.stringify(body)}`)
    if (Wire.at(body, "Data", "Success") === false) return yield* Effect.dieMessage("create failed")
    const sessionId = Wire.textAt(body, "Data", "SessionId")
    yield* waitForDownloads(
      connection,
      sessionId,
      bindings.map(({ contextId }) => contextId)
    )
    return sessionId
  })

/** `session.context.sync(contextId?, path?, mode?)`: whether it reports success. */
export const sync = (
  connection: Captured.Connection,
  sessionId: string,
  target?: { readonly contextId: string; readonly path: string; readonly mode?: string },
  numbers: readonly [trigger: number, poll: number] = target === undefined ? [46, 47] : [48, 49]
): Effect.Effect<boolean, Thrown> =>
  Effect.gen(function* () {
    const [trigger, poll] = numbers
    const named: Captured.Values =
      target === undefined ? {} : { ContextId: target.contextId, Path: target.path }
    const body = yield* send(connection, trigger, {
      SessionId: sessionId,
      ...named,
      ...(target === undefined ? {} : { Mode: target.mode ?? "upload" })
    })
    if (hasFailed(body)) return false
    let interval = 500
    for (let attempt = 1; attempt <= 150; attempt++) {
      const answer = yield* Effect.option(
        send(connection, poll, { SessionId: sessionId, ...named })
      )
      if (answer._tag === "Some") {
        const tasks = items(answer.value).filter(
          ({ taskType }) => taskType === "upload" || taskType === "download"
        )
        // Nothing listed is success, and every type counts: the defects C6 and C5.
        if (tasks.every(({ status }) => isTerminal(status))) {
          return tasks.every(({ status }) => status === "Success")
        }
      }
      yield* wait(interval)
      interval = nextInterval(interval)
    }
    return false
  })

/** `session.delete(syncContext)`. */
export const remove = (
  connection: Captured.Connection,
  sessionId: string,
  syncContext: boolean
): Effect.Effect<boolean, Thrown> =>
  Effect.gen(function* () {
    if (syncContext) {
      yield* Effect.ignore(sync(connection, sessionId, undefined, [61, 62]))
    }
    const body = yield* send(connection, 63, { SessionId: sessionId })
    if (hasFailed(body)) return false
    for (let attempt = 0; attempt < 300; attempt++) {
      const detail = yield* Effect.either(send(connection, 64, { SessionId: sessionId }))
      if (detail._tag === "Left") {
        if (/not found|NotFound/.test(`${detail.left.code} ${detail.left.message}`)) return true
      } else if (Wire.at(detail.right, "Data", "Status") === "FINISH") return true
      yield* wait(1000)
    }
    return false
  })

/** Text, blob or data of the first piece of content. */
const firstContent = (data: unknown): string => {
  for (const key of ["text", "blob", "data"]) {
    const found = Wire.at(data, "content", 0, key)
    if (typeof found === "string") return found
  }
  throw new Error(`no content in ${JSON.stringify(data)}`)
}

/** `session.callMcpTool(name, args)`, sent as one of the captured calls of a tool. */
export const tool = (
  connection: Captured.Connection,
  sessionId: string,
  name: string,
  args: object,
  n = 55
) =>
  Effect.map(
    send(connection, n, { SessionId: sessionId, Name: name, Args: JSON.stringify(args) }),
    (body) => {
      if (hasFailed(body)) throw new Error(`${name}: ${JSON.stringify(body)}`)
      const data = Wire.at(body, "Data")
      return { isError: Wire.at(data, "isError") === true, text: firstContent(data) }
    }
  )

/** `session.command.executeCommand(command, timeoutMs)`. */
export const command = (
  connection: Captured.Connection,
  sessionId: string,
  text: string,
  timeout = 1000
) =>
  Effect.map(
    tool(connection, sessionId, "shell", { command: text, timeout_ms: timeout }, 54),
    (result) => {
      const { exit_code, stderr, stdout } = JSON.parse(result.text)
      return { isError: result.isError, exitCode: exit_code, stderr, stdout }
    }
  )

/** `agentBay.context.get(name, create)`: also asks for the first page of all (X1). */
export const getContext = (connection: Captured.Connection, name: string, create = true) =>
  Effect.gen(function* () {
    const body = yield* send(connection, 43, { Name: name, AllowCreate: String(create) })
    const id = Wire.textAt(body, "Data", "Id")
    const listed = yield* send(connection, 44)
    const page = Wire.at(listed, "Data")
    const found = Array.isArray(page) && page.some((context) => Wire.at(context, "Id") === id)
    return { id, isOnFirstPage: found, name: Wire.textAt(body, "Data", "Name") }
  })

/** `agentBay.context.clear(id, 60, 2)`. */
export const clearContext = (connection: Captured.Connection, id: string) =>
  Effect.gen(function* () {
    const body = yield* send(connection, 15, { Id: id })
    if (hasFailed(body)) return false
    for (let attempt = 0; attempt < 30; attempt++) {
      yield* wait(2000)
      const context = yield* send(connection, 10, { ContextId: id })
      if (hasFailed(context)) return false
      if (Wire.at(context, "Data", "State") === "available") return true
    }
    return yield* Effect.dieMessage("clear timed out")
  })

/** `session.context.bind(contexts)`: content when every context id is listed (B2). */
export const bind = (
  connection: Captured.Connection,
  sessionId: string,
  bindings: ReadonlyArray<Binding>
) =>
  Effect.gen(function* () {
    const body = yield* send(connection, 52, {
      SessionId: sessionId,
      PersistenceDataList: persistence(bindings)
    })
    if (hasFailed(body)) return yield* Effect.fail(Wire.textAt(body, "Code"))
    for (let attempt = 0; attempt < 60; attempt++) {
      const listed = Wire.at(yield* send(connection, 53, { SessionId: sessionId }), "Data")
      const bound: ReadonlyArray<unknown> = Array.isArray(listed) ? listed : []
      const ids = bound.map((entry) => Wire.at(entry, "ContextId"))
      if (bindings.every(({ contextId }) => ids.includes(contextId))) return bound
      yield* wait(2000)
    }
    return yield* Effect.dieMessage("bind timed out")
  })

/**
 * `betaPauseAsync` and `betaResumeAsync`: any state but the one that is waited for and the one on
 * the way to it fails at once.
 */
const changeState =
  (trigger: number, wanted: string, onTheWay: string) =>
  (connection: Captured.Connection, sessionId: string) =>
    Effect.gen(function* () {
      const body = yield* send(connection, trigger, { SessionId: sessionId })
      if (hasFailed(body)) return `refused: ${JSON.stringify(body)}`
      for (let attempt = 0; attempt < 300; attempt++) {
        const session = yield* send(connection, 22, { SessionId: sessionId })
        const status = Wire.at(session, "Data", "Status")
        if (status === wanted) return wanted
        if (status !== onTheWay) return `unexpected: ${String(status)}`
        yield* wait(2000)
      }
      return "timed out"
    })

export const pause = changeState(29, "PAUSED", "PAUSING")
export const resume = changeState(30, "RUNNING", "RESUMING")

/** One exchange with a presigned URL, body streamed in both directions. */
export const transfer = (
  server: Captured.Server,
  url: string,
  method: "PUT" | "GET",
  upload?: { readonly length: number; readonly stream: () => Readable },
  onChunk: (chunk: Buffer) => void = () => {}
) =>
  Effect.promise(
    () =>
      new Promise<number>((resolve, reject) => {
        const { request } = url.startsWith("https:") ? NodeHttps : NodeHttp
        const sent = request(
          url,
          {
            method,
            ca: server.ca,
            agent: false,
            headers: {
              Accept: "*/*",
              "User-Agent": "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
              ...(upload === undefined ? {} : { "Content-Length": upload.length })
            }
          },
          (response) => {
            response.on("data", onChunk)
            response.on("end", () => resolve(response.statusCode ?? 0))
            response.on("error", reject)
          }
        )
        sent.on("error", reject)
        if (upload === undefined) sent.end()
        else upload.stream().pipe(sent)
      })
  )

const polls = (attempts: number, interval: number, ask: Effect.Effect<boolean, Thrown>) =>
  Effect.gen(function* () {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (yield* ask) return true
      yield* wait(interval)
    }
    return false
  })

const isFinished = (status: string): boolean =>
  ["success", "successful", "ok", "finished", "done", "completed", "complete"].includes(
    status.toLowerCase()
  )

/** The wait of a file transfer: an item with exactly this path, of this type, that is finished. */
const waitForFile = (
  connection: Captured.Connection,
  sessionId: string,
  target: { readonly contextId: string; readonly path: string },
  n: number
) =>
  polls(
    20,
    1500,
    Effect.map(
      send(connection, n, {
        SessionId: sessionId,
        ContextId: target.contextId,
        Path: target.path
      }),
      (body) => items(body).some(({ path, status }) => path === target.path && isFinished(status))
    )
  )

/** The context that the SDK moves single files through. */
export const transferContext = (connection: Captured.Connection, sessionId: string) =>
  Effect.map(send(connection, 71, { SessionId: sessionId }), (body) => ({
    contextId: Wire.textAt(body, "Data", 0, "ContextId"),
    path: Wire.textAt(body, "Data", 0, "ContextPath")
  }))

/** `session.fileSystem.uploadFile(local, remote)`. */
export const uploadFile = (
  connection: Captured.Connection,
  sessionId: string,
  target: { readonly contextId: string; readonly path: string },
  upload: { readonly length: number; readonly stream: () => Readable }
) =>
  Effect.gen(function* () {
    const file = { ContextId: target.contextId, FilePath: target.path }
    const url = Wire.textAt(yield* send(connection, 72, file), "Data", "Url")
    const status = yield* transfer(connection.server, url, "PUT", upload)
    if (status !== 200 && status !== 204) return false
    yield* sync(connection, sessionId, { ...target, mode: "download" }, [74, 75])
    const arrived = yield* waitForFile(connection, sessionId, target, 76)
    yield* Effect.ignore(send(connection, 77, file))
    return arrived
  })

/** `session.fileSystem.downloadFile(remote, local)`. */
export const downloadFile = (
  connection: Captured.Connection,
  sessionId: string,
  target: { readonly contextId: string; readonly path: string },
  onChunk: (chunk: Buffer) => void
) =>
  Effect.gen(function* () {
    const file = { ContextId: target.contextId, FilePath: target.path }
    yield* sync(connection, sessionId, { ...target, mode: "upload" }, [78, 79])
    if (!(yield* waitForFile(connection, sessionId, target, 80))) return false
    const url = Wire.textAt(yield* send(connection, 81, file), "Data", "Url")
    const status = yield* transfer(connection.server, url, "GET", undefined, onChunk)
    yield* Effect.ignore(send(connection, 83, file))
    return status === 200
  })
