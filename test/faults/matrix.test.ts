/**
 * The table of docs/reliability.md, run. The long form has each fault at each of its places in each
 * effect; the short form has each fault once in half of the effects, at places that take turns.
 */
import { type AgentBayError, isAgentBayError } from "@effect-agentbay/core/AgentBayError"
import * as Protocol from "@effect-agentbay/core/Protocol"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { type Cell, cells, allCells, type Place } from "./cells.js"
import { effects } from "./effects.js"
import { provesNoStart } from "./expected.js"
import { type Failure, type Group, groups } from "./fault.js"
import { observeInBatches, type Seen, timeout } from "./matrix.js"
import { shapeOf } from "./slots.js"

/** The number of the first request at fault, among those of its action. */
const first = ({ poll, slot }: Place) => slot.before + poll - 1

const planOf = (cell: Cell) => {
  // A yes in other words is a yes: the service has done what it was asked for.
  const isDone = cell.fault.means(shapeOf(cell.slot)) === "yes"
  const planned = { answer: cell.fault.answer, isDone }
  return (action: string, index: number) =>
    action === cell.slot.action &&
    (cell.course === "once" ? index === first(cell) : index >= first(cell))
      ? planned
      : undefined
}

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
    case "SyncTimeout":
      return { _tag: error._tag, reason: error._tag }
    default:
      return assert.fail(`no error of the table: ${error.message}`)
  }
}

/** The operations that go to presigned URLs. */
const transfers: { readonly [action: string]: string } = {
  PUT: "PutContextFile",
  GET: "GetContextFile"
}

const checkEnd = ({ slot: { action, silence }, wanted }: Cell, { exit }: Seen, place: string) => {
  if (wanted.failure === undefined) {
    if (Exit.isFailure(exit)) return assert.fail(`${place}: should go well, but ${String(exit)}`)
    return assert.deepStrictEqual(exit.value, wanted.gives, place)
  }
  if (Exit.isSuccess(exit)) return assert.fail(`${place}: should fail, but went well`)
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error === undefined) return assert.fail(`${place}: ${Cause.pretty(exit.cause)}`)
  assert.isTrue(isAgentBayError(error), place)
  assert.deepStrictEqual(told(error, wanted.failure), wanted.failure, place)
  if ("operation" in error) {
    const waitedFor = error._tag === "SyncTimeout" ? silence?.operation : undefined
    assert.strictEqual(error.operation, waitedFor ?? transfers[action] ?? action, place)
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
  const { course, effect, fault, name, poll, slot, wanted } = cell
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
    const clean = effect.slots.find((one) => one.action === action)?.clean ?? 0
    assert.isAtMost(count, clean, `${place}: ${action} was sent more than once`)
  }
  const isOver = wanted.failure !== undefined && wanted.failure._tag !== "SyncTimeout"
  if (isOver && slot.guards !== undefined) {
    const clean = effect.slots.find(({ action }) => action === slot.guards)?.clean ?? 1
    assert.isBelow(counts.get(slot.guards) ?? 0, clean, `${place}: ${slot.guards} was sent`)
  }
  if (slot.forgiven?.leadsTo !== undefined) {
    assert.strictEqual(counts.get(slot.forgiven.leadsTo), 1, `${place}: what comes after it`)
  }
}

describe("the fault matrix", () => {
  it("has each fault at each kind of request, and each effect with half of its faults", () => {
    const kinds = (some: ReadonlyArray<Cell>) =>
      new Set(some.map(({ fault, slot }) => `${fault.name} × ${slot.kind}`))
    assert.deepStrictEqual(
      [...kinds(allCells)].filter((kind) => !kinds(cells).has(kind)),
      []
    )
    const faultsOf = (some: ReadonlyArray<Cell>) => {
      const byEffect = new Map(effects.map(({ name }) => [name, new Set<string>()]))
      for (const { fault, name } of some) byEffect.get(name)?.add(fault.name)
      return byEffect
    }
    const struck = faultsOf(cells)
    for (const [name, all] of faultsOf(allCells)) {
      assert.isAtLeast(struck.get(name)?.size ?? 0, all.size / 2 - 1, name)
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
