/**
 * What is promised of each fault at each request: rules, stated from docs/design.md (sections 4, 5,
 * 6, 8 and 9) and docs/protocol.md (section 2), not from what the code does. Plain data.
 */
import { type Effect, type Kind, shapeOf, type Slot } from "./slots.js"
import type { Failure, Fault, Meaning } from "./fault.js"

/** How often the answers of a slot are at fault. */
export type Course = "once" | "always"

/** What a cell of the matrix promises. */
export interface Expected {
  /** The error that the effect ends with; nothing when it goes well all the same. */
  readonly failure: Failure | undefined
  /** What it gives when it goes well, as runs.ts tells it. */
  readonly gives: unknown
  /** How many requests of the action are sent. */
  readonly requests: number
  /** The milliseconds from the first answer at fault to the next request, if there is one. */
  readonly pause: number | undefined
}

// --- The three questions about an error (docs/design.md, sections 6 and 9)

/** The same call may succeed later. */
export const isWorthRepeating = ({ _tag, reason, status = 0 }: Failure): boolean => {
  if (_tag === "ApiError") return reason === "Throttled" || reason === "ServerFault"
  if (_tag === "ToolError") return false
  if (reason === "Status") return status === 408 || status === 429 || status >= 500
  return reason === "Transport" || reason === "Timeout"
}

/** It says nothing about what is waited for: also whatever did not come from the service. */
export const passes = (failure: Failure): boolean =>
  isWorthRepeating(failure) || failure.reason === "Status"

const neverConnected = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]

/** It proves that nothing was started: throttled, or no connection was ever made. */
export const provesNoStart = ({ code, reason, status, _tag }: Failure): boolean =>
  reason === "Throttled" ||
  (_tag === "TransportError" && status === 429) ||
  (_tag === "TransportError" && code !== undefined && neverConnected.includes(code))

// --- What each kind of request does about it

/** How many times the retry policy of the tests repeats, and how many faults in a row a wait lives through. */
export const retries = 3
export const maxConsecutiveErrors = 10

/** The milliseconds from an answer to the next request, in the tests. */
export const spacing: { readonly [kind in Kind]: number } = {
  read: 1000,
  start: 1000,
  poll: 1500,
  write: 0,
  look: 0,
  put: 0,
  get: 0
}

/** How many more requests follow one that is always at fault; a wait lives through so many. */
export const repeats = (
  kind: Kind,
  failure: Failure,
  livedThrough = maxConsecutiveErrors
): number => {
  switch (kind) {
    case "read":
      return isWorthRepeating(failure) ? retries : 0
    case "start":
      return provesNoStart(failure) ? retries : 0
    case "poll":
      return passes(failure) ? livedThrough : 0
    case "write":
    case "look":
    case "put":
    case "get":
      return 0
  }
}

/** Where an effect does something else than its kind of request says, and why. */
export interface Exception {
  readonly effect: RegExp
  readonly action: string
  readonly kind: Kind
  readonly about: (failure: Failure) => boolean
  /** How the effect goes on; its requests of the action end there. */
  readonly goesOn: string
}

export const exceptions: ReadonlyArray<Exception> = [
  {
    effect: /^contextManager\.sync \(everything\)|^session\.delete \(sync/,
    action: "DescribeSessionContexts",
    kind: "read",
    about: ({ reason }) => reason === "ActionNotFound",
    goesOn:
      "A sync of everything asks for the bindings first. An endpoint that does not know that " +
      "action (`ActionNotFound`) is judged by the tasks it lists."
  },
  {
    effect: /^session\.delete|^agentBay\.session/,
    action: "GetSessionDetail",
    kind: "poll",
    about: ({ reason }) => reason === "SessionNotFound",
    goesOn:
      "A session that is waited for to be gone is gone when the service says `SessionNotFound`."
  }
]

const isException = (effect: string, slot: Slot, failure: Failure) =>
  exceptions.some(
    (one) =>
      one.effect.test(effect) &&
      one.action === slot.action &&
      one.kind === slot.kind &&
      one.about(failure)
  )

/** The requests of the slot's action until its first answer at fault, that one included. */
const first = (slot: Slot, poll: number) => slot.before + (slot.kind === "poll" ? poll : 1)

export interface Cell {
  readonly effect: Effect
  readonly slot: Slot
  readonly fault: Fault
  readonly course: Course
  /** Which poll is the first at fault, from 1; of no matter to other kinds. */
  readonly poll: number
}

/** The polls that a wait of the tests makes at most, and those after the first without news. */
export const budget = 20
export const grace = 4

/** What a list that is empty where it might hold something comes to. */
const shownNothing = ({ course, effect, poll, slot }: Cell): Expected => {
  const { before, clean, empty, kind, silence } = slot
  const goesWell: Expected = {
    failure: undefined,
    gives: effect.gives,
    requests: clean,
    pause: undefined
  }
  if (silence === undefined) {
    if (empty === undefined) throw new Error(`${effect.name}: the table lacks an empty list`)
    return {
      ...goesWell,
      gives: "gives" in empty ? empty.gives : effect.gives,
      requests: empty.requests ?? clean
    }
  }
  // Nothing was there before, or one poll saw nothing: the next sees more.
  if (course === "once") return { ...goesWell, requests: kind === "poll" ? clean + 1 : clean }
  const beforePolls = kind === "poll" ? before : before + 1
  // What has shown and vanishes is neither an end nor nothing.
  return silence.settles !== undefined && poll === 1
    ? { ...goesWell, gives: silence.settles.gives, requests: beforePolls + 1 + grace }
    : {
        failure: { _tag: "SyncTimeout", reason: "SyncTimeout" },
        gives: undefined,
        requests: beforePolls + budget,
        pause: undefined
      }
}

/** What a cell promises. */
export const expected = (cell: Cell): Expected => {
  const { course, effect, fault, poll, slot } = cell
  const { gives } = effect
  const meaning: Meaning = fault.means(shapeOf(slot))
  const until = first(slot, poll)
  if (meaning === "nothing") {
    const shown = shownNothing(cell)
    const isForgiven = shown.failure !== undefined && slot.forgiven !== undefined
    return isForgiven ? { ...shown, failure: undefined, gives } : shown
  }
  // No `Data` is promised, so none is looked at.
  if (meaning === "yes") {
    return { failure: undefined, gives, requests: slot.clean, pause: undefined }
  }
  if (isException(effect.name, slot, meaning)) {
    return { failure: undefined, gives, requests: until, pause: undefined }
  }
  const more = repeats(slot.kind, meaning)
  const pause = more === 0 ? undefined : Math.max(spacing[slot.kind], fault.advice ?? 0)
  return course === "once" && more > 0
    ? { failure: undefined, gives, requests: slot.clean + 1, pause }
    : {
        failure: slot.forgiven === undefined ? meaning : undefined,
        gives,
        requests: until + more,
        pause
      }
}
