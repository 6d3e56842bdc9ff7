/**
 * Every public effect that sends something, and the requests it makes. Plain data; what runs them
 * is in runs.ts.
 */
import type { Shape } from "./fault.js"

/** What a request is to the effect that makes it. */
export const kinds = {
  read: "a read: repeated by the retry policy",
  write: "a write: sent once",
  start:
    "a start of something that is waited for: sent once, and again only on proof that nothing was started",
  poll: "a poll of a wait",
  look: "a single look: neither repeated nor lived through",
  put: "the bytes of a file, sent to a presigned URL",
  get: "the bytes of a file, read from a presigned URL"
} as const

export type Kind = keyof typeof kinds

/** The requests of one action that one effect makes for one reason. */
export interface Slot {
  readonly kind: Kind
  readonly action: string
  /** How many of that action the effect makes before, and in all, when nothing goes wrong. */
  readonly before: number
  readonly clean: number
  /** What must not have been sent when this ends the effect. */
  readonly guards?: string
  /** The end of a scope has no error channel: what goes wrong here is logged. */
  readonly quiet?: boolean
}

export interface Effect {
  readonly name: string
  readonly slots: ReadonlyArray<Slot>
}

const shapes: { readonly [action: string]: Shape } = {
  GetContextInfo: "status",
  DescribeSessionContexts: "list",
  ListSession: "list",
  ListContexts: "list",
  DescribeContextFiles: "list",
  GetLabel: "labels",
  GetContext: "object",
  CreateMcpSession: "object",
  GetSession: "object",
  GetSessionDetail: "object",
  GetContextFileUploadUrl: "object",
  GetContextFileDownloadUrl: "object",
  ListMcpTools: "toolList",
  CallMcpTool: "toolResult",
  PUT: "upload",
  GET: "download"
}

/** The form of answer that an action promises; most writes promise a plain yes. */
export const shapeOf = ({ action }: Pick<Slot, "action">): Shape => shapes[action] ?? "plain"

const read = (action: string, before = 0, clean = before + 1): Slot => ({
  kind: "read",
  action,
  before,
  clean
})
const write = (action: string): Slot => ({ kind: "write", action, before: 0, clean: 1 })
const start = (action: string): Slot => ({ kind: "start", action, before: 0, clean: 1 })

/** Each wait of the matrix sees its end at the third poll. */
export const pollsToTheEnd = 3

const polls = (action: string, before = 0): Slot => ({
  kind: "poll",
  action,
  before,
  clean: before + pollsToTheEnd
})

/** What comes before a sync, and the sync. */
const baseline: Slot = { ...read("GetContextInfo", 0, 1 + pollsToTheEnd), guards: "SyncContext" }
const trigger = start("SyncContext")
const synced: ReadonlyArray<Slot> = [baseline, trigger, polls("GetContextInfo", 1)]
const expectation: Slot = { ...read("DescribeSessionContexts"), guards: "SyncContext" }

const released: ReadonlyArray<Slot> = [start("DeleteSessionAsync"), polls("GetSessionDetail")]
const created: ReadonlyArray<Slot> = [write("CreateMcpSession"), polls("GetContextInfo")]

export const effects = [
  // The context manager
  { name: "contextManager.info", slots: [read("GetContextInfo")] },
  { name: "contextManager.bindings", slots: [read("DescribeSessionContexts")] },
  { name: "contextManager.sync (one binding)", slots: synced },
  { name: "contextManager.sync (everything)", slots: [expectation, ...synced] },
  { name: "contextManager.progress", slots: synced },
  { name: "contextManager.start", slots: [{ ...baseline, clean: 1 }, trigger] },
  { name: "contextManager.resume, then await", slots: [polls("GetContextInfo")] },
  { name: "contextManager.resume, then progress", slots: [polls("GetContextInfo")] },
  {
    name: "contextManager.resume, then poll",
    slots: [{ kind: "look", action: "GetContextInfo", before: 0, clean: 1 }]
  },
  { name: "contextManager.syncAll", slots: synced },
  {
    name: "contextManager.bind",
    slots: [start("BindContexts"), polls("DescribeSessionContexts")]
  },
  {
    name: "contextManager.bind (awaitDownload)",
    slots: [
      { ...read("GetContextInfo", 0, 1 + pollsToTheEnd), guards: "BindContexts" },
      start("BindContexts"),
      polls("DescribeSessionContexts"),
      polls("GetContextInfo", 1)
    ]
  },

  // Contexts
  { name: "contexts.get", slots: [read("GetContext")] },
  { name: "contexts.getById", slots: [read("GetContext")] },
  { name: "contexts.create", slots: [read("GetContext")] },
  { name: "contexts.getOrCreate", slots: [read("GetContext")] },
  { name: "contexts.list", slots: [read("ListContexts")] },
  { name: "contexts.listPage", slots: [read("ListContexts")] },
  { name: "contexts.rename", slots: [write("ModifyContext")] },
  { name: "contexts.remove", slots: [write("DeleteContext")] },
  { name: "contexts.clear", slots: [write("ClearContext"), polls("GetContext")] },
  { name: "contexts.clearStarted", slots: [write("ClearContext")] },
  { name: "contexts.clearStatus", slots: [read("GetContext")] },

  // Their files
  {
    name: "contexts.files.put",
    slots: [
      { ...read("GetContextFileUploadUrl"), guards: "PUT" },
      { kind: "put", action: "PUT", before: 0, clean: 1 }
    ]
  },
  {
    name: "contexts.files.put (a stream)",
    slots: [
      { ...read("GetContextFileUploadUrl"), guards: "PUT" },
      { kind: "put", action: "PUT", before: 0, clean: 1 }
    ]
  },
  {
    name: "contexts.files.get",
    slots: [
      { ...read("GetContextFileDownloadUrl"), guards: "GET" },
      { kind: "get", action: "GET", before: 0, clean: 1 }
    ]
  },
  { name: "contexts.files.list", slots: [read("DescribeContextFiles")] },
  { name: "contexts.files.listPage", slots: [read("DescribeContextFiles")] },
  { name: "contexts.files.remove", slots: [write("DeleteContextFile")] },
  { name: "contexts.files.uploadUrl", slots: [read("GetContextFileUploadUrl")] },
  { name: "contexts.files.downloadUrl", slots: [read("GetContextFileDownloadUrl")] },

  // Sessions of the account
  { name: "agentBay.create", slots: created },
  {
    name: "agentBay.session, to the end of its scope",
    slots: [...created, ...released.map((slot) => ({ ...slot, quiet: true }))]
  },
  { name: "agentBay.get", slots: [read("GetSession")] },
  { name: "agentBay.list", slots: [read("ListSession")] },
  { name: "agentBay.listPage", slots: [read("ListSession")] },
  { name: "agentBay.syncSessions", slots: synced },

  // One session
  { name: "session.delete", slots: released },
  {
    name: "session.delete (sync)",
    slots: [
      { ...expectation, guards: "DeleteSessionAsync" },
      ...synced.map((slot) => ({ ...slot, guards: "DeleteSessionAsync" })),
      ...released
    ]
  },
  { name: "session.status", slots: [read("GetSessionDetail")] },
  { name: "session.keepAlive", slots: [read("RefreshSessionIdleTime")] },
  { name: "session.labels.get", slots: [read("GetLabel")] },
  { name: "session.labels.set", slots: [write("SetLabel")] },
  { name: "session.pause", slots: [start("PauseSessionAsync"), polls("GetSession")] },
  { name: "session.resume", slots: [start("ResumeSessionAsync"), polls("GetSession")] },

  // Tools
  { name: "session.shell", slots: [write("CallMcpTool")] },
  { name: "session.tools.list", slots: [read("GetSessionDetail"), read("ListMcpTools")] },
  { name: "session.tools.call (any tool)", slots: [write("CallMcpTool")] },
  { name: "session.tools.call (a tool that only reads)", slots: [read("CallMcpTool")] },
  { name: "session.tools.callJson", slots: [write("CallMcpTool")] },
  { name: "session.files.read", slots: [read("CallMcpTool", 0, 2), read("CallMcpTool", 1, 2)] },
  {
    name: "session.files.readString",
    slots: [read("CallMcpTool", 0, 2), read("CallMcpTool", 1, 2)]
  },
  { name: "session.files.write", slots: [write("CallMcpTool")] },
  { name: "session.files.append", slots: [write("CallMcpTool")] },
  { name: "session.files.stat", slots: [read("CallMcpTool")] },
  { name: "session.files.list", slots: [read("CallMcpTool")] },
  { name: "session.files.move", slots: [write("CallMcpTool")] },
  { name: "session.files.remove", slots: [write("CallMcpTool")] },
  { name: "session.files.makeDirectory", slots: [write("CallMcpTool")] }
] as const satisfies ReadonlyArray<Effect>

export type EffectName = (typeof effects)[number]["name"]
