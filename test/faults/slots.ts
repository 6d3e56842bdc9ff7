/** The requests that an effect makes, and what they are to it. Plain data. */
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

/** What a wait comes to that is never shown anything. */
export interface Silence {
  /** What its `SyncTimeout` says it waited for. */
  readonly operation: string
  /**
   * What it gives when nothing has shown for as long as the grace lasts; without it, it waits
   * until its budget is used up.
   */
  readonly settles?: { readonly gives: unknown }
}

/** The requests of one action that one effect makes for one reason. */
export interface Slot {
  readonly kind: Kind
  readonly action: string
  /** How many of that action the effect makes before, and in all, when nothing goes wrong. */
  readonly before: number
  readonly clean: number
  /** What must not have been sent when this ends the effect. */
  readonly guards?: string
  /** What goes wrong here is logged, and the effect goes on: to this action, if any is left. */
  readonly forgiven?: { readonly leadsTo?: string }
  /** A wait, or the baseline of one: what happens when no answer ever lists anything. */
  readonly silence?: Silence
  /**
   * A read whose list is empty: what the effect gives, and after how many requests, when that
   * is another value or number than without a fault.
   */
  readonly empty?: { readonly gives?: unknown; readonly requests?: number }
}

export interface Effect {
  readonly name: string
  readonly slots: ReadonlyArray<Slot>
  /** What it gives when it goes well, as runs.ts tells it. Without it: nothing. */
  readonly gives?: unknown
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
  callTool: "link",
  PUT: "upload",
  GET: "download"
}

/** The form of answer that an action promises; most writes promise a plain yes. */
export const shapeOf = ({ action }: Pick<Slot, "action">): Shape => shapes[action] ?? "plain"

export const read = (action: string, before = 0, clean = before + 1): Slot => ({
  kind: "read",
  action,
  before,
  clean
})

export const write = (action: string, before = 0, clean = before + 1): Slot => ({
  kind: "write",
  action,
  before,
  clean
})

export const start = (action: string, before = 0, clean = before + 1): Slot => ({
  kind: "start",
  action,
  before,
  clean
})

/** Each wait of the matrix sees its end at the third poll. */
export const pollsToTheEnd = 3

export const polls = (action: string, before = 0, silence?: Silence): Slot => ({
  kind: "poll",
  action,
  before,
  clean: before + pollsToTheEnd,
  ...(silence === undefined ? {} : { silence })
})

/** How the results of syncs are told: the outcome, whether the time can be, the tasks, and what showed none. */
export const completed = {
  outcome: "Completed",
  lasted: "some time",
  tasks: ["upload /work Success"],
  untouched: []
} as const

export const nothingToSync = {
  outcome: "NothingToSync",
  lasted: "some time",
  tasks: [],
  untouched: ["/work"]
} as const

/** What comes before a sync, and the sync; `settles` is what it gives when no task ever shows. */
export const synced = (
  settles: { readonly gives: unknown } = { gives: nothingToSync }
): ReadonlyArray<Slot> => {
  const silence: Silence = { operation: "sync", settles }
  return [
    { ...read("GetContextInfo", 0, 1 + pollsToTheEnd), guards: "SyncContext", silence },
    start("SyncContext"),
    polls("GetContextInfo", 1, silence)
  ]
}

/** A session that has told no bindings is judged by the tasks it lists. */
export const expectation: Slot = {
  ...read("DescribeSessionContexts"),
  guards: "SyncContext",
  empty: {}
}

export const released: ReadonlyArray<Slot> = [
  start("DeleteSessionAsync"),
  polls("GetSessionDetail")
]

/** A session that lists no download is taken to have none after the grace. */
export const created = (gives: unknown): ReadonlyArray<Slot> => [
  write("CreateMcpSession"),
  polls("GetContextInfo", 0, { operation: "create", settles: { gives } })
]
