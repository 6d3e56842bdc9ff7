/** What the calls at the server say about the syncs of the client. Times are milliseconds of a steady clock. */
import { type Action, type KindName, kindOf } from "./faultPlan.js"

/** A call of the server, from when it had come as a whole until its answer was sent. */
export interface Call {
  readonly action: Action
  readonly kind?: KindName
  /** 0 when no answer was begun. */
  readonly status: number
  readonly sessionId: string
  readonly path?: string
  /** When the client has handed it over to be sent; it may have waited for a connection then. */
  readonly sent: number
  readonly begin: number
  readonly end: number
}

export interface Sync {
  readonly sessionId: string
  readonly path: string
  readonly begun: number
  readonly told: number
  readonly outcome: "completed" | "failed by rule" | "lost" | "wrong"
  readonly reason?: string
}

/** A target was shown for the first time with a task of its own that has ended. */
export interface Shown {
  readonly sessionId: string
  readonly path: string
  /** When the call came that was answered so. */
  readonly at: number
}

export interface Sample {
  readonly at: number
  readonly waits: number
  readonly heap: number
}

const adviceOf = ({ kind }: Call): number =>
  kind === undefined ? 0 : (kindOf(kind).adviceMillis ?? 0)

/** The HTTP status that the answer was to have. */
export const statusOf = ({ kind }: Call): number => (kind === undefined ? 200 : kindOf(kind).status)

const endOf = ({ kind }: Call) => (kind === undefined ? undefined : kindOf(kind).endsWith)

/** Whether the answer of a call was a good one. */
const isGood = (call: Call) => endOf(call) === undefined && adviceOf(call) === 0

export const grouped = <A>(values: Iterable<A>, keyOf: (value: A) => string) => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}

const isOf =
  (action: Action) =>
  (call: Call): boolean =>
    call.action === action

/** Who was on its way when another was turned away has not heard of that yet. */
const crossing = 100

/** Clocks tell whole milliseconds. */
const rounding = 5

/**
 * The requests that came within the time that they were to stay away: status requests of a
 * session after any of them was turned away, and triggers of a target after one of its own was.
 */
export const early = (calls: ReadonlyArray<Call>): ReadonlyArray<string> =>
  [
    ...grouped(calls, ({ action, path = "", sessionId }) => `${action} ${sessionId} ${path}`)
  ].flatMap(([name, group]) => {
    const refused = group.filter((call) => adviceOf(call) > 0)
    return group.flatMap(({ sent }) =>
      refused
        .filter(({ end }) => sent > end + crossing)
        .filter((call) => sent < call.begin + adviceOf(call) - rounding)
        .map((call) => `${name}: after ${sent - call.begin} of ${adviceOf(call)} ms`)
    )
  })

/** The polls of a session whose answers were good. */
const goodPolls = (calls: ReadonlyArray<Call>) =>
  grouped(calls.filter(isOf("GetContextInfo")).filter(isGood), ({ sessionId }) => sessionId)

export interface Judgement {
  /** What cannot be right. */
  readonly objections: ReadonlyArray<string>
  /** How many good polls a sync did not take for its end that showed it, at most. */
  readonly late: number
  /** When each sync was not waiting: from its beginning until its trigger was answered. */
  readonly beginnings: ReadonlyArray<{ readonly from: number; readonly to: number }>
}

/** Holds each sync against its triggers, and its end against the polls of its session. */
export const judge = (
  syncs: ReadonlyArray<Sync>,
  calls: ReadonlyArray<Call>,
  shown: ReadonlyArray<Shown>
): Judgement => {
  const objections: Array<string> = []
  const beginnings: Array<{ readonly from: number; readonly to: number }> = []
  let late = 0
  const polls = goodPolls(calls)
  const keyOf = ({ path = "", sessionId }: Pick<Call, "path" | "sessionId">) =>
    `${sessionId} ${path}`
  const ends = grouped(shown, keyOf)
  const triggers = grouped(calls.filter(isOf("SyncContext")), keyOf)
  let matched = 0

  for (const sync of syncs) {
    const { begun, outcome, reason, sessionId, told } = sync
    const object = (what: string) => objections.push(`${keyOf(sync)}: ${what}`)
    if (outcome === "wrong") object(reason ?? "")
    const own = (triggers.get(keyOf(sync)) ?? []).filter(
      // By the clock of the client: a busy server may have read it when the sync has given up.
      ({ sent }) => sent >= begun && sent < told
    )
    matched += own.length
    const last = own.at(-1)
    beginnings.push({ from: begun, to: last?.end ?? told })
    if (last === undefined) {
      object("no trigger came")
      continue
    }
    // All before the last were turned away, and the last is what the sync ended by.
    if (!own.slice(0, -1).every((call) => adviceOf(call) > 0)) object("it was triggered twice")
    const expected = adviceOf(last) > 0 ? "Throttled" : endOf(last)
    if (outcome === "lost" ? reason !== expected : expected !== undefined) {
      object(`${outcome} (${reason ?? ""}) after a trigger with ${last.kind ?? "no fault"}`)
    }
    const session = polls.get(sessionId) ?? []
    if (outcome === "lost") continue
    // A transfer of before may have been shown meanwhile; its own is the last.
    const end = (ends.get(keyOf(sync)) ?? []).findLast(({ at }) => at > last.begin && at <= told)
    if (end === undefined) {
      object("it ended before any poll had shown it")
      continue
    }
    const passed = session.filter((poll) => poll.begin > end.at && poll.end < told)
    late = Math.max(late, passed.length)
  }
  const all = calls.filter(isOf("SyncContext")).length
  if (matched !== all) objections.push(`${all} triggers, of which ${matched} belong to a sync`)
  return { objections, late, beginnings }
}

/** How many do not wait at a moment though nothing that they have begun explains it. */
export const unexplained = (
  { at, waits }: Sample,
  count: number,
  beginnings: Judgement["beginnings"],
  graceMillis: number
): number => {
  const beginning = beginnings.filter(
    ({ from, to }) => from <= at + rounding && at <= to + graceMillis
  )
  return count - waits - beginning.length
}
