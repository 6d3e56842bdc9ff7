/** The waits for tasks and for states, and what each makes of what it is shown. Plain data. */
import { budget, grace } from "./expected.js"
import { type Happening, happenings, type Shown } from "./happenings.js"
import type { EffectName } from "./effects.js"

/** The end of a wait: well, well with nothing to wait for, or the error's tag or reason. */
export type End = "goes well" | "settles" | "SyncFailed" | "SyncTimeout" | "UnexpectedState"

/** What waits for tasks: of what kind they are, and whether it takes a baseline itself. */
export interface TaskWait {
  readonly kind: "sync" | "handle" | "create" | "bind"
  readonly effects: ReadonlyArray<EffectName>
  readonly task: "upload of work" | "download of work" | "download of other"
  readonly baselines: 0 | 1
}

export const taskWaits: ReadonlyArray<TaskWait> = [
  {
    kind: "sync",
    effects: [
      "contextManager.sync (one binding)",
      "contextManager.sync (everything)",
      "contextManager.sync (two that join)",
      "contextManager.progress",
      "contextManager.syncAll",
      "agentBay.syncSessions",
      "session.delete (sync)",
      "session.delete (sync, force)"
    ],
    task: "upload of work",
    baselines: 1
  },
  {
    kind: "handle",
    effects: [
      "syncHandle.await",
      "syncHandle.progress",
      "contextManager.resume, then await",
      "contextManager.resume, then progress"
    ],
    task: "upload of work",
    baselines: 0
  },
  {
    kind: "create",
    effects: ["agentBay.create", "agentBay.session, to the end of its scope"],
    task: "download of work",
    baselines: 0
  },
  {
    kind: "bind",
    effects: ["contextManager.bind (awaitDownload)"],
    task: "download of other",
    baselines: 1
  }
]

/** The happenings of a wait: nothing is stale where another took the baseline, or there was nothing. */
export const happeningsOf = ({ baselines }: TaskWait): ReadonlyArray<Happening> =>
  happenings.filter(({ before }) => baselines === 1 || before.length === 0)

const ends: { readonly [end in Happening["end"]]: End } = {
  Completed: "goes well",
  NothingToSync: "settles",
  SyncFailed: "SyncFailed",
  SyncTimeout: "SyncTimeout"
}

/** How a wait ends, and after how many polls. */
export const endOf = (
  kind: TaskWait["kind"],
  { end, requests }: Happening
): { readonly end: End; readonly polls: number } =>
  // Who waits for a download to a new path wants to know that the files are there.
  kind === "bind" && end === "NothingToSync"
    ? { end: "SyncTimeout", polls: budget }
    : { end: ends[end], polls: requests }

/** What a baseline shows. */
export const baselineOf = ({ before }: Happening): Shown => before[0] ?? "none"

/** What a wait for a state is shown, in order; the last repeats. An empty word is none. */
export interface StateHappening {
  readonly name: string
  readonly words: ReadonlyArray<string>
  readonly end: End
  readonly polls: number
}

export interface StateWait {
  readonly effects: ReadonlyArray<EffectName>
  readonly action: string
  readonly happenings: ReadonlyArray<StateHappening>
}

const times = (count: number, word: string) => Array.from({ length: count }, () => word)

const changing = (
  before: string,
  underWay: string,
  goal: string
): ReadonlyArray<StateHappening> => [
  {
    name: "the state of before, then the goal",
    words: [...times(grace, before), goal],
    end: "goes well",
    polls: grace + 1
  },
  { name: "the state of before, ever", words: [before], end: "UnexpectedState", polls: 1 + grace },
  {
    name: "back in the state of before",
    words: [underWay, before],
    end: "UnexpectedState",
    polls: 1 + grace
  },
  { name: "an unknown word, ever", words: ["ODD"], end: "UnexpectedState", polls: 1 + grace },
  {
    name: "an unknown word, then the goal",
    words: ["ODD", underWay, goal],
    end: "goes well",
    polls: 3
  },
  { name: "no word, ever", words: [""], end: "UnexpectedState", polls: 1 + grace },
  { name: "under way, ever", words: [underWay], end: "SyncTimeout", polls: budget },
  { name: "the session ends", words: [underWay, "DELETED"], end: "UnexpectedState", polls: 2 }
]

export const stateWaits: ReadonlyArray<StateWait> = [
  {
    effects: ["session.pause"],
    action: "GetSession",
    happenings: changing("RUNNING", "PAUSING", "PAUSED")
  },
  {
    effects: ["session.resume"],
    action: "GetSession",
    happenings: changing("PAUSED", "RESUMING", "RUNNING")
  },
  {
    effects: [
      "session.delete",
      "session.delete (sync)",
      "session.delete (sync, force)",
      "agentBay.session, to the end of its scope"
    ],
    action: "GetSessionDetail",
    happenings: [
      { name: "the state of before, ever", words: ["RUNNING"], end: "SyncTimeout", polls: budget },
      { name: "an unknown word, ever", words: ["ODD"], end: "SyncTimeout", polls: budget },
      { name: "under way, ever", words: ["DELETING"], end: "SyncTimeout", polls: budget },
      {
        name: "an unknown word, then the goal",
        words: ["ODD", "DELETING", "FINISH"],
        end: "goes well",
        polls: 3
      }
    ]
  },
  {
    effects: ["contexts.clear"],
    action: "GetContext",
    happenings: [
      // At rest from the beginning: it may have been too fast to be seen.
      {
        name: "the state of before, ever",
        words: ["available"],
        end: "goes well",
        polls: 1 + grace
      },
      {
        name: "the state of before, then under way, then the goal",
        words: ["available", "available", "clearing", "available"],
        end: "goes well",
        polls: 4
      },
      { name: "in use, ever", words: ["in-use"], end: "SyncTimeout", polls: budget },
      { name: "an unknown word, ever", words: ["odd"], end: "SyncTimeout", polls: budget },
      { name: "no word, ever", words: [""], end: "SyncTimeout", polls: budget },
      { name: "under way, ever", words: ["clearing"], end: "SyncTimeout", polls: budget },
      {
        name: "an unknown word while it is under way",
        words: ["clearing", "odd", "available"],
        end: "goes well",
        polls: 3
      }
    ]
  }
]
