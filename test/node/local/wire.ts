import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** Parameters of a request; a nested value travels as JSON text. */
export type Form = { readonly [name: string]: unknown }

export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly body: unknown
}

/** What stands at a path of keys in a reply. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value
  )

/** The same, where it has to be a text. */
export const textAt = (value: unknown, ...path: ReadonlyArray<string | number>): string => {
  const found = at(value, ...path)
  if (typeof found !== "string") throw new Error(`no text at ${path.join(".")}`)
  return found
}

export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value)

export const encode = (form: Form): string =>
  Object.entries(form)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(textOf(value))}`)
    .join("&")

/** Sends bytes to the server as they are. */
export const send = (url: string, init: RequestInit = {}): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { method: "POST", signal, ...init })
    const text = await response.text()
    return {
      status: response.status,
      contentType: response.headers.get("content-type"),
      body: JSON.parse(text)
    }
  })

/** Calls an action the way the official clients do, whatever its outcome. */
export const request = (action: string, form: Form = {}) =>
  Effect.flatMap(LocalAgentBay.LocalAgentBay, (server) => {
    const key = Redacted.value(server.apiKey)
    const inQuery = action === "SyncContext" ? { Authorization: `Bearer ${key}` } : {}
    const inBody = action === "SyncContext" ? form : { Authorization: `Bearer ${key}`, ...form }
    return send(`${server.url}/?${encode({ Action: action, Format: "json", ...inQuery })}`, {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: encode(inBody)
    })
  })

/** Calls an action that has to succeed and gives its reply. */
export const call = (action: string, form: Form = {}) =>
  Effect.flatMap(request(action, form), (answer) =>
    answer.status === 200 && at(answer.body, "Success") === true
      ? Effect.succeed(answer.body)
      : Effect.dieMessage(`${action}: ${answer.status} ${JSON.stringify(answer.body)}`)
  )

export interface Item {
  readonly contextId: string
  readonly path: string
  readonly status: string
  readonly errorMessage: string
  readonly taskType: string
  readonly taskId: string
  readonly startTime: number
  readonly finishTime: number
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly skipped?: number
  readonly skippedPaths?: ReadonlyArray<string>
}

/** The listed tasks, read the way the official clients do. */
export const info = (sessionId: string, filter: Form = {}) =>
  Effect.map(call("GetContextInfo", { SessionId: sessionId, ...filter }), (body) => {
    const elements: Array<{ type: string; data: string }> = JSON.parse(
      textAt(body, "Data", "ContextStatus") || "[]"
    )
    return elements
      .filter((element) => element.type === "data")
      .flatMap((element): Array<Item> => JSON.parse(element.data))
  })

/** Asks again and again until an answer fits. The test's own time limit ends a hopeless wait. */
export const eventually = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  fits: (value: A) => boolean
): Effect.Effect<A, E, R> =>
  Effect.flatMap(effect, (value) =>
    fits(value)
      ? Effect.succeed(value)
      : Effect.zipRight(Effect.sleep("5 millis"), eventually(effect, fits))
  )

/** The tasks once none of them runs. */
export const settled = (sessionId: string, filter: Form = {}) =>
  eventually(info(sessionId, filter), (items) => items.every((item) => item.status !== "Running"))

export const createContext = (name: string) =>
  Effect.map(call("GetContext", { Name: name, AllowCreate: "true" }), (body) =>
    textAt(body, "Data", "Id")
  )

export interface Mount {
  readonly contextId: string
  readonly path: string
  readonly policy?: unknown
}

/** Creates a session and waits for its first downloads. */
export const createSession = (...mounts: ReadonlyArray<Mount>) =>
  call("CreateMcpSession", {
    PersistenceDataList: mounts.map((mount) => ({
      ContextId: mount.contextId,
      Path: mount.path,
      ...(mount.policy === undefined ? {} : { Policy: JSON.stringify(mount.policy) })
    }))
  }).pipe(
    Effect.map((body) => textAt(body, "Data", "SessionId")),
    Effect.tap((id) => settled(id))
  )

/** Calls a tool; gives its text and whether it is an error. */
export const tool = (sessionId: string, name: string, args: unknown) =>
  Effect.map(
    call("CallMcpTool", {
      SessionId: sessionId,
      Name: name,
      Args: args,
      AutoGenSession: "false",
      Server: ""
    }),
    (body): { text: string; isError: boolean } => ({
      text: textAt(body, "Data", "content", 0, "text"),
      isError: at(body, "Data", "isError") === true
    })
  )

/** Syncs and gives the ended tasks of the direction. */
export const sync = (sessionId: string, form: Form = {}) =>
  call("SyncContext", { SessionId: sessionId, ...form }).pipe(
    Effect.zipRight(settled(sessionId, { TaskType: form["Mode"] ?? "upload" }))
  )

/** What there is to know about a session, its end included. */
export const detail = (sessionId: string) =>
  Effect.map(call("GetSessionDetail", { SessionId: sessionId }), (body) => at(body, "Data"))

/** Waits for the end of the session; gives the last detail. */
export const ended = (sessionId: string) =>
  eventually(detail(sessionId), (data) => at(data, "Status") === "FINISH")

/** Deletes the session and waits for its end; gives the last detail. */
export const release = (sessionId: string) =>
  Effect.zipRight(call("DeleteSessionAsync", { SessionId: sessionId }), ended(sessionId))
