/** The effects of the context manager, of its handles and of the HTTP service. Plain data. */
import {
  completed,
  type Effect,
  expectation,
  nothingToSync,
  polls,
  pollsToTheEnd,
  read,
  type Slot,
  start,
  synced,
  write
} from "./slots.js"

/** All steps but the last have no result; `last` is that of the last. */
const stepsTo = (last: unknown) => ({ earlier: "without result", last })

const waited = (inSilence: unknown): ReadonlyArray<Slot> => [
  polls("GetContextInfo", 0, { operation: "sync", settles: { gives: inSilence } })
]

const look: Slot = {
  kind: "look",
  action: "GetContextInfo",
  before: 0,
  clean: 1,
  empty: { gives: { tasks: [], result: "none yet" } }
}
const looked = { tasks: ["upload /work Running"], result: "none yet" }

/** The second of two syncs, one after the other: the first goes well and is over. */
export const secondSynced = (path: string): ReadonlyArray<Slot> =>
  synced({ gives: { ...nothingToSync, untouched: [path] } }).map((slot) => {
    const ofTheFirst = slot.action === "SyncContext" ? 1 : 1 + pollsToTheEnd
    return { ...slot, before: slot.before + ofTheFirst, clean: slot.clean + ofTheFirst }
  })
const secondCompleted = { ...completed, tasks: ["upload /notes Success"] }

const boundSoon = polls("DescribeSessionContexts", 0, { operation: "bind" })
const bound = ["other at /other"]

export const syncEffects = [
  {
    name: "contextManager.info",
    slots: [{ ...read("GetContextInfo"), empty: { gives: [] } }],
    gives: ["download /work Running"]
  },
  {
    name: "contextManager.bindings",
    slots: [{ ...read("DescribeSessionContexts"), empty: { gives: [] } }],
    gives: ["work at /work"]
  },
  { name: "contextManager.sync (one binding)", slots: synced(), gives: completed },
  {
    name: "contextManager.sync (everything)",
    slots: [expectation, ...synced()],
    gives: completed
  },
  {
    name: "contextManager.sync (two that join)",
    slots: synced({ gives: [nothingToSync, nothingToSync] }),
    gives: [completed, completed]
  },
  {
    name: "contextManager.progress",
    slots: synced({ gives: stepsTo(nothingToSync) }),
    gives: stepsTo(completed)
  },
  {
    name: "contextManager.start",
    slots: [{ ...read("GetContextInfo"), guards: "SyncContext", empty: {} }, start("SyncContext")],
    gives: "a handle of the session, with a token"
  },
  { name: "contextManager.resume, then await", slots: waited(nothingToSync), gives: completed },
  {
    name: "contextManager.resume, then progress",
    slots: waited(stepsTo(nothingToSync)),
    gives: stepsTo(completed)
  },
  { name: "contextManager.resume, then poll", slots: [look], gives: looked },
  { name: "contextManager.syncAll", slots: synced(), gives: completed },
  {
    name: "contextManager.syncAll (the second of two)",
    slots: secondSynced("/notes"),
    gives: secondCompleted
  },
  {
    name: "contextManager.bind",
    slots: [start("BindContexts"), boundSoon],
    gives: bound
  },
  {
    name: "contextManager.bind (awaitDownload)",
    slots: [
      {
        ...read("GetContextInfo", 0, 1 + pollsToTheEnd),
        guards: "BindContexts",
        silence: { operation: "bind" }
      },
      start("BindContexts"),
      boundSoon,
      polls("GetContextInfo", 1, { operation: "bind" })
    ],
    gives: bound
  },

  // Handles of syncs that were started
  { name: "syncHandle.await", slots: waited(nothingToSync), gives: completed },
  {
    name: "syncHandle.progress",
    slots: waited(stepsTo(nothingToSync)),
    gives: stepsTo(completed)
  },
  { name: "syncHandle.poll", slots: [look], gives: looked },

  // The HTTP service itself
  {
    name: "agentBayHttp.call (a read)",
    slots: [read("GetSessionDetail")],
    gives: "RUNNING"
  },
  { name: "agentBayHttp.call (a write)", slots: [write("SetLabel")] },
  {
    name: "agentBayHttp.callOnce",
    slots: [{ kind: "look", action: "GetSessionDetail", before: 0, clean: 1 }],
    gives: "RUNNING"
  },
  {
    name: "agentBayHttp.retry",
    slots: [read("GetSessionDetail")],
    gives: "RUNNING"
  }
] as const satisfies ReadonlyArray<Effect>
