import type { SyncPolicy } from "../../SyncPolicy.js"
import type { StatusItem } from "../statusItem.js"
import { field, listOf, parseJson, textOf } from "./reply.js"

/** Files by their absolute path. */
export type Files = Map<string, MemoryFile>

export interface MemoryFile {
  readonly bytes: Uint8Array
  readonly modifiedAt: number
}

export interface MemoryContext {
  readonly serial: number
  readonly id: string
  name: string
  readonly createdAt: number
  lastUsedAt: number
  readonly files: Files
  /** How many more questions are answered with `clearing`. */
  clearing: number
  /** Not told in lists: the service keeps it for itself. */
  readonly internal: boolean
}

export interface MemoryBinding {
  readonly contextId: string
  readonly path: string
  readonly policy: SyncPolicy
  /** As it was sent. */
  readonly policyText: string | undefined
  readonly boundAt: number
  /** Which files this session has seen here: only those may be missing on purpose. */
  readonly seen: Set<string>
}

export interface MemoryTask {
  readonly item: StatusItem
  /** How many more questions are answered with `Running`. */
  pollsLeft: number
  readonly end: { readonly status: "Success" | "Failed"; readonly errorMessage: string }
}

export interface FileChange {
  readonly eventType: "create" | "modify" | "delete"
  readonly path: string
  readonly pathType: "file" | "directory"
}

export interface MemorySession {
  readonly serial: number
  readonly id: string
  readonly imageId: string
  labels: { readonly [name: string]: string }
  readonly bindings: Array<MemoryBinding>
  readonly files: Files
  /** Folders that were made, besides those that files lie in. */
  readonly folders: Set<string>
  readonly changes: Array<FileChange>
  tasks: Array<MemoryTask>
  state: "RUNNING" | "PAUSING" | "PAUSED" | "RESUMING" | "FINISH"
  /** How many more questions are answered with `PAUSING` or `RESUMING`. */
  stateLeft: number
  transferContextId: string | undefined
}

/** Everything that the service in memory remembers. */
export interface World {
  readonly sessions: Map<string, MemorySession>
  readonly contexts: Map<string, MemoryContext>
  /** How many questions a transfer, a clear, a pause lasts. */
  readonly polls: number
  readonly nextSerial: () => number
}

export const makeWorld = (polls: number): World => {
  let serial = 0
  return {
    sessions: new Map(),
    contexts: new Map(),
    polls,
    nextSerial: () => ++serial
  }
}

export const addContext = (
  world: World,
  options: { readonly name: string; readonly at: number; readonly internal: boolean }
): MemoryContext => {
  const serial = world.nextSerial()
  const context: MemoryContext = {
    serial,
    id: `SdkCtx-${serial}`,
    name: options.name,
    createdAt: options.at,
    lastUsedAt: options.at,
    files: new Map(),
    clearing: 0,
    internal: options.internal
  }
  world.contexts.set(context.id, context)
  return context
}

// The client has checked it; a request that another one wrote says what it says.
const policyOf = (text: string): SyncPolicy => {
  const parsed = parseJson(text)
  return typeof parsed === "object" && parsed !== null ? parsed : {}
}

/** The bindings that a `PersistenceDataList` asks for. */
export const parseBindings = (
  list: string | undefined,
  boundAt: number
): ReadonlyArray<MemoryBinding> =>
  listOf(parseJson(list)).map((entry) => {
    const policyText = textOf(field(entry, "Policy"))
    return {
      contextId: textOf(field(entry, "ContextId")),
      path: textOf(field(entry, "Path")),
      policy: policyOf(policyText),
      policyText: policyText === "" ? undefined : policyText,
      boundAt,
      seen: new Set()
    }
  })
