/**
 * What waits may be shown by answers that are in order, and what that means: sections 5, 6 and 8 of
 * docs/design.md. Plain data.
 */
import { budget, grace } from "./expected.js"

/** One answer of the status request. */
export type Shown =
  /** No task at all, or an answer without `Data`. */
  | "none"
  | "noData"
  /** A task of this transfer, by the service's word, or with a time of its end. */
  | "Running"
  | "Success"
  | "Failed"
  | "Odd"
  | "OddEnded"
  /** A task that ended before the trigger. */
  | "stale"

export interface Happening {
  readonly name: string
  /** What is listed before the trigger. */
  readonly before: ReadonlyArray<Shown>
  /** What the polls show, in order; the last repeats. */
  readonly polls: ReadonlyArray<Shown>
  readonly end: "Completed" | "NothingToSync" | "SyncFailed" | "SyncTimeout"
  readonly requests: number
}

const nothing = (count: number): ReadonlyArray<Shown> => Array.from({ length: count }, () => "none")

const afterNone = (count: number): Happening => ({
  name: `no task for ${count} ${count === 1 ? "poll" : "polls"}, then one that succeeds`,
  before: [],
  polls: [...nothing(count), "Success"],
  end: "Completed",
  requests: count + 1
})

export const happenings: ReadonlyArray<Happening> = [
  ...Array.from({ length: grace }, (_, index) => afterNone(index + 1)),
  {
    name: "no task, ever",
    before: [],
    polls: ["none"],
    end: "NothingToSync",
    requests: 1 + grace
  },
  {
    name: "answers without `Data`, ever",
    before: [],
    polls: ["noData"],
    end: "NothingToSync",
    requests: 1 + grace
  },
  {
    name: "a stale task, ever: one that had ended before",
    before: ["stale"],
    polls: ["stale"],
    end: "NothingToSync",
    requests: 1 + grace
  },
  {
    name: "a stale task, then the new one",
    before: ["stale"],
    polls: ["stale", "stale", "Success"],
    end: "Completed",
    requests: 3
  },
  {
    name: "a task that fails",
    before: [],
    polls: ["Running", "Failed"],
    end: "SyncFailed",
    requests: 2
  },
  {
    name: "a task that runs for ever",
    before: [],
    polls: ["Running"],
    end: "SyncTimeout",
    requests: budget
  },
  {
    name: "a status word that nobody knows",
    before: [],
    polls: ["Odd"],
    end: "SyncTimeout",
    requests: budget
  },
  {
    name: "such a word with a time of its end",
    before: [],
    polls: ["Odd", "OddEnded"],
    end: "SyncFailed",
    requests: 2
  },
  {
    name: "a task that vanishes while it runs",
    before: [],
    polls: ["Running", "none"],
    end: "SyncTimeout",
    requests: budget
  },
  {
    name: "a task that vanishes while it runs: answers without `Data`",
    before: [],
    polls: ["Running", "noData"],
    end: "SyncTimeout",
    requests: budget
  }
]
