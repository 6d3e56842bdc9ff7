/**
 * The table of docs/reliability.md, run: every public effect against every fault. The short form
 * has each fault at each kind of request of each effect once, the long form at each of its places.
 */
import { type AgentBayError, isAgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { rounds } from "../rounds.js"
import {
  type EffectName,
  effects,
  type Kind,
  pollsToTheEnd,
  shapeOf,
  type Slot
} from "./effects.js"
import { type Course, type Expected, expected, provesNoStart } from "./expected.js"
import { type Failure, type Fault, type Group, groups, isAbout } from "./fault.js"
import { faults } from "./faults.js"
import { observeInBatches, type Seen, timeout } from "./matrix.js"

/** Where a fault strikes: for how long, and at which poll first. */
interface Place {
  readonly slot: Slot
  readonly course: Course
  readonly poll: number
}

interface Cell extends Place {
  readonly name: EffectName
  readonly fault: Fault
  readonly wanted: Expected
}

const placesOf = (slot: Slot): ReadonlyArray<Place> =>
  (["once", "always"] as const).flatMap((course) =>
    (slot.kind === "poll" ? [1, pollsToTheEnd] : [1]).map((poll) => ({ slot, course, poll }))
  )

/** The short form leaves out all but one in so many faults, others at each request. */
const oneIn: { readonly [group in Group]: number } = {
  connection: 2,
  http: 4,
  advice: 4,
  soft: 2,
  envelope: 2,
  data: 2,
  tool: 1
}
const everyPlace = rounds({ short: 0, long: 1 }) === 1

/** Kinds of which there are too few requests to leave out any. */
const rare: ReadonlyArray<Kind> = ["look", "put", "get"]

/** The places at which a fault strikes in this form, by the number of the request. */
const placesIn = (slot: Slot, { group }: Fault, number: number): ReadonlyArray<Place> => {
  const places = placesOf(slot)
  if (everyPlace) return places
  const every = rare.includes(slot.kind) ? 1 : oneIn[group]
  return number % every === 0 ? [places[Math.floor(number / every) % places.length]!] : []
}

const slots = effects.flatMap(({ name, slots: of }) =>
  of.map((slot: Slot): { readonly name: EffectName; readonly slot: Slot } => ({ name, slot }))
)

const cells: ReadonlyArray<Cell> = slots.flatMap(({ name, slot }, number) =>
  faults.flatMap((fault, index) =>
    isAbout(fault, shapeOf(slot))
      ? placesIn(slot, fault, number + index).flatMap((place): ReadonlyArray<Cell> => {
          const wanted = expected({ effect: name, fault, ...place })
          return wanted === undefined ? [] : [{ ...place, name, fault, wanted }]
        })
      : []
  )
)

/** The number of the first request at fault, among those of its action. */
const first = ({ poll, slot }: Place) => slot.before + poll - 1

const planOf = (cell: Cell) => (action: string, index: number) =>
  action === cell.slot.action &&
  (cell.course === "once" ? index === first(cell) : index >= first(cell))
    ? cell.fault.answer
    : undefined

/** The typed error, as far as the table tells it. */
const told = (error: AgentBayError, wanted: Failure): Failure => {
  const asked = (key: "status" | "code", value: unknown) =>
    wanted[key] === undefined ? {} : { [key]: value }
  switch (error._tag) {
    case "TransportError":
    case "ApiError":
      return {
        _tag: error._tag,
        reason: error.reason,
        ...asked("status", error._tag === "ApiError" ? error.httpStatus : error.status),
        ...asked("code", error.code)
      }
    case "ToolError":
      return { _tag: error._tag, reason: "ToolError" }
    default:
      return assert.fail(`no error that one answer is: ${error.message}`)
  }
}

/** The operations that go to presigned URLs. */
const transfers: { readonly [action: string]: string } = {
  PUT: "PutContextFile",
  GET: "GetContextFile"
}

const checkEnd = ({ slot: { action }, wanted }: Cell, { exit }: Seen, place: string) => {
  if (wanted.failure === undefined) {
    return assert.isTrue(Exit.isSuccess(exit), `${place}: should go well, but ${String(exit)}`)
  }
  if (Exit.isSuccess(exit)) return assert.fail(`${place}: should fail, but went well`)
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error === undefined) return assert.fail(`${place}: ${Cause.pretty(exit.cause)}`)
  assert.isTrue(isAgentBayError(error), place)
  assert.deepStrictEqual(told(error, wanted.failure), wanted.failure, place)
  if ("operation" in error) {
    assert.strictEqual(error.operation, transfers[action] ?? action, place)
  }
}

const writes = new Set(
  Object.values(Protocol.operations)
    // Tools that only read go by the same action; how often it is sent is in the table.
    .filter(({ action, kind }) => kind === "write" && action !== "CallMcpTool")
    .map(({ action }): string => action)
    .concat("PUT")
)

const check = (cell: Cell, seen: Seen) => {
  const { course, fault, name, poll, slot, wanted } = cell
  const place =
    `${name} × ${fault.name} (${fault.group}) × ` +
    `${slot.action} (${slot.kind}), ${course}, poll ${poll}`
  checkEnd(cell, seen, place)

  const times = seen.requests.filter(({ action }) => action === slot.action).map(({ at }) => at)
  assert.strictEqual(times.length, wanted.requests, `${place}: requests`)
  if (wanted.pause !== undefined) {
    const answered = times[first(cell)]! + (fault.answer._tag === "Silence" ? timeout : 0)
    assert.strictEqual(times[first(cell) + 1]! - answered, wanted.pause, `${place}: the pause`)
  }

  const counts = new Map<string, number>()
  for (const { action } of seen.requests) counts.set(action, (counts.get(action) ?? 0) + 1)
  const meaning = fault.means(shapeOf(slot))
  const mayStartAgain =
    slot.kind === "start" && typeof meaning === "object" && provesNoStart(meaning)
  for (const [action, count] of counts) {
    if (!writes.has(action) || (mayStartAgain && action === slot.action)) continue
    assert.strictEqual(count, 1, `${place}: ${action} was sent more than once`)
  }
  const guarded = wanted.failure !== undefined && slot.guards !== undefined
  if (guarded) assert.isFalse(counts.has(slot.guards), `${place}: ${slot.guards} was sent`)
}

describe("the fault matrix", () => {
  it("has each fault at each kind of request", () => {
    const kindOf = ({ slot }: { readonly slot: Slot }) => slot.kind
    for (const fault of faults) {
      const met = new Set(cells.filter((cell) => cell.fault === fault).map(kindOf))
      const meant = slots.filter(
        ({ slot }) =>
          typeof fault.means(shapeOf(slot)) === "object" && isAbout(fault, shapeOf(slot))
      )
      const others = [...new Set(meant.map(kindOf))].filter((kind) => !met.has(kind))
      assert.deepStrictEqual(others, [], fault.name)
    }
  })

  for (const group of Object.keys(groups) as ReadonlyArray<Group>) {
    for (const { name } of effects) {
      const own = cells.filter((cell) => cell.name === name && cell.fault.group === group)
      if (own.length === 0) continue
      it.live(`${groups[group]}: ${name}`, () =>
        Effect.gen(function* () {
          const seen = yield* observeInBatches(name, own.map(planOf))
          for (const [index, cell] of own.entries()) check(cell, seen[index]!)
        })
      )
    }
  }
})
