/**
 * Every public effect that sends something, and the requests it makes. Plain data; what runs them
 * is in runs.ts.
 */
import {
  completed,
  created,
  type Effect,
  expectation,
  polls,
  read,
  released,
  type Slot,
  start,
  synced,
  write
} from "./slots.js"
import { secondSynced, syncEffects } from "./syncEffects.js"
import { toolEffects } from "./toolEffects.js"

/** A list of two, a page for each: the newer comes first. */
const pages = (action: string, gives: readonly [string, string]): ReadonlyArray<Slot> => [
  { ...read(action, 0, 2), empty: { gives: [], requests: 1 } },
  { ...read(action, 1, 2), empty: { gives: [gives[0]] } }
]

const uploaded: ReadonlyArray<Slot> = [
  { ...read("GetContextFileUploadUrl"), guards: "PUT" },
  { kind: "put", action: "PUT", before: 0, clean: 1 }
]

const second: Slot = { ...read("ListSession", 1, 2), empty: { gives: [] } }
const other = { id: "other", name: "other", state: "available" }
const third = { id: "a new one", name: "third", state: "available" }
const opened = "a session of its own id"

const nothing = { gives: undefined }

const forced = synced(nothing).map((slot): Slot => ({
  ...slot,
  forgiven: { leadsTo: "DeleteSessionAsync" }
}))

export const effects = [
  ...syncEffects,

  // Contexts
  { name: "contexts.get", slots: [read("GetContext")], gives: other },
  { name: "contexts.getById", slots: [read("GetContext")], gives: other },
  { name: "contexts.create", slots: [read("GetContext")], gives: third },
  { name: "contexts.getOrCreate", slots: [read("GetContext")], gives: third },
  {
    name: "contexts.list",
    slots: pages("ListContexts", ["other", "work"]),
    gives: ["other", "work"]
  },
  {
    name: "contexts.listPage",
    slots: [{ ...read("ListContexts"), empty: { gives: [] } }],
    gives: ["other", "work"]
  },
  { name: "contexts.rename", slots: [write("ModifyContext")] },
  { name: "contexts.remove", slots: [write("DeleteContext")] },
  { name: "contexts.clear", slots: [write("ClearContext"), polls("GetContext")] },
  { name: "contexts.clearStarted", slots: [write("ClearContext")] },
  { name: "contexts.clearStatus", slots: [read("GetContext")], gives: "available" },

  // Their files
  { name: "contexts.files.put", slots: uploaded },
  { name: "contexts.files.put (a stream)", slots: uploaded },
  {
    name: "contexts.files.get",
    slots: [
      { ...read("GetContextFileDownloadUrl"), guards: "GET" },
      { kind: "get", action: "GET", before: 0, clean: 1 }
    ],
    gives: "there"
  },
  {
    name: "contexts.files.list",
    slots: pages("DescribeContextFiles", ["a.txt", "b.txt"]),
    gives: ["a.txt", "b.txt"]
  },
  {
    name: "contexts.files.listPage",
    slots: [{ ...read("DescribeContextFiles"), empty: { gives: [] } }],
    gives: ["a.txt", "b.txt"]
  },
  { name: "contexts.files.remove", slots: [write("DeleteContextFile")] },
  {
    name: "contexts.files.uploadUrl",
    slots: [read("GetContextFileUploadUrl")],
    gives: "a URL of the file"
  },
  {
    name: "contexts.files.downloadUrl",
    slots: [read("GetContextFileDownloadUrl")],
    gives: "a URL of the file"
  },

  // Sessions of the account
  { name: "agentBay.create", slots: created(opened), gives: opened },
  {
    name: "agentBay.session, to the end of its scope",
    slots: [...created(opened), ...released.map((slot): Slot => ({ ...slot, forgiven: {} }))],
    gives: opened
  },
  { name: "agentBay.get", slots: [read("GetSession")], gives: "the session" },
  {
    name: "agentBay.list",
    slots: pages("ListSession", ["another RUNNING", "the session RUNNING"]),
    gives: ["another RUNNING", "the session RUNNING"]
  },
  {
    name: "agentBay.listPage",
    slots: [{ ...read("ListSession"), empty: { gives: [] } }],
    gives: ["another RUNNING", "the session RUNNING"]
  },
  // An empty first page has no second, and that is an argument out of range.
  {
    name: "agentBay.listPage (the second)",
    slots: [second],
    gives: ["the session RUNNING"]
  },
  { name: "agentBay.syncSessions", slots: synced(), gives: completed },
  {
    name: "agentBay.syncSessions (the second of two)",
    slots: secondSynced("/work"),
    gives: completed
  },

  // One session
  { name: "session.delete", slots: released },
  {
    name: "session.delete (sync)",
    slots: [
      { ...expectation, guards: "DeleteSessionAsync" },
      ...synced(nothing).map((slot) => ({ ...slot, guards: "DeleteSessionAsync" })),
      ...released
    ]
  },
  {
    name: "session.delete (sync, force)",
    slots: [
      {
        ...read("DescribeSessionContexts"),
        empty: {},
        forgiven: { leadsTo: "DeleteSessionAsync" }
      },
      ...forced,
      ...released
    ]
  },
  { name: "session.status", slots: [read("GetSessionDetail")], gives: "RUNNING" },
  { name: "session.keepAlive", slots: [read("RefreshSessionIdleTime")] },
  {
    name: "session.labels.get",
    slots: [{ ...read("GetLabel"), empty: { gives: {} } }],
    gives: { of: "test" }
  },
  { name: "session.labels.set", slots: [write("SetLabel")] },
  { name: "session.pause", slots: [start("PauseSessionAsync"), polls("GetSession")] },
  { name: "session.resume", slots: [start("ResumeSessionAsync"), polls("GetSession")] },

  ...toolEffects
] as const satisfies ReadonlyArray<Effect>

export type EffectName = (typeof effects)[number]["name"]
