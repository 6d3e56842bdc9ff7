/** Every wait, shown answers that are in order but not what it hopes for. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { encodeStatus } from "../../packages/core/src/internal/statusItem.js"
import { type EffectName, effects } from "./effects.js"
import { envelope } from "./fault.js"
import type { Shown } from "./happenings.js"
import { observeInBatches, type Seen } from "./matrix.js"
import type { Plan } from "./service.js"
import type { Effect as Row, Slot } from "./slots.js"
import { baselineOf, type End, endOf, happeningsOf, stateWaits, taskWaits } from "./waits.js"

// The contexts of the matrix are the first things there are.
const tasks = {
  "upload of work": { contextId: "SdkCtx-1", path: "/work", taskType: "upload" },
  "download of work": { contextId: "SdkCtx-1", path: "/work", taskType: "download" },
  "download of other": { contextId: "SdkCtx-2", path: "/other", taskType: "download" }
}

const listing = (task: (typeof tasks)[keyof typeof tasks], shown: Shown) => {
  const own = { ...task, startTime: 100 }
  const lists = (...items: Parameters<typeof encodeStatus>[0]) =>
    envelope({ Data: { ContextStatus: encodeStatus(items) } })
  switch (shown) {
    case "none":
      return lists()
    case "noData":
      return envelope({})
    case "stale":
      return lists({ ...own, status: "Success", startTime: 10, finishTime: 20 })
    case "OddEnded":
      return lists({ ...own, status: "Odd", finishTime: 110 })
    default:
      return lists({ ...own, status: shown })
  }
}

const stateOf = (action: string, word: string) => {
  const state = word === "" ? {} : action === "GetContext" ? { State: word } : { Status: word }
  const id = action === "GetContext" ? { Id: "SdkCtx-2", Name: "other" } : { SessionId: "one" }
  return envelope({ Data: { ...id, ...state } })
}

const rowOf = (name: EffectName): Row => {
  const row: Row | undefined = effects.find((effect) => effect.name === name)
  return row ?? assert.fail(name)
}

/** What is seen of an end, and what is wanted. */
const checkEnd = (row: Row, slot: Slot, wanted: End, { exit, requests }: Seen, place: string) => {
  const isForgiven = slot.forgiven !== undefined
  if (wanted === "goes well" || wanted === "settles" || isForgiven) {
    if (Exit.isFailure(exit)) return assert.fail(`${place}: ${String(exit)}`)
    const settled = wanted === "settles" && !isForgiven ? slot.silence?.settles : row
    return assert.deepStrictEqual(exit.value, settled?.gives, place)
  }
  if (Exit.isSuccess(exit)) return assert.fail(`${place}: went well`)
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  const told = error?._tag === "ApiError" ? error.reason : error?._tag
  assert.strictEqual(told, wanted, `${place}: ${Cause.pretty(exit.cause)}`)
  if (slot.guards !== undefined && slot.kind === "poll") {
    assert.isFalse(
      requests.some(({ action }) => action === slot.guards),
      place
    )
  }
}

const check = (
  row: Row,
  action: string,
  wanted: { readonly end: End; readonly requests: number },
  seen: Seen,
  place: string
) => {
  const slot = row.slots.find((one) => one.kind === "poll" && one.action === action)
  if (slot === undefined) return assert.fail(`${place}: it polls nothing`)
  checkEnd(row, slot, wanted.end, seen, place)
  const count = (of: string) => seen.requests.filter((one) => one.action === of).length
  assert.strictEqual(count(action), wanted.requests, `${place}: requests`)
  for (const { action: other, kind } of row.slots) {
    if (kind === "start") assert.isAtMost(count(other), 1, `${place}: ${other}`)
  }
}

describe("a wait for tasks that is shown", () => {
  for (const wait of taskWaits) {
    for (const name of wait.effects) {
      it.live(`other than it hopes for: ${name}`, () =>
        Effect.gen(function* () {
          const all = happeningsOf(wait)
          const plans = all.map((happening): Plan => (action, index) => {
            if (action !== "GetContextInfo") return undefined
            const poll = index - wait.baselines
            const { polls } = happening
            const shown = poll < 0 ? baselineOf(happening) : polls[Math.min(poll, polls.length - 1)]
            return { answer: listing(tasks[wait.task], shown ?? "none"), isDone: false }
          })
          const seen = yield* observeInBatches(name, plans)
          for (const [index, happening] of all.entries()) {
            const { end, polls } = endOf(wait.kind, happening)
            const wanted = { end, requests: wait.baselines + polls }
            check(rowOf(name), "GetContextInfo", wanted, seen[index]!, `${name}: ${happening.name}`)
          }
        })
      )
    }
  }
})

describe("a wait for a state that is told", () => {
  for (const { action, effects: names, happenings } of stateWaits) {
    for (const name of names) {
      it.live(`other than it hopes for: ${name}`, () =>
        Effect.gen(function* () {
          const plans = happenings.map(({ words }): Plan => (of, index) => {
            const word = words[Math.min(index, words.length - 1)] ?? ""
            return of === action ? { answer: stateOf(action, word), isDone: false } : undefined
          })
          const seen = yield* observeInBatches(name, plans)
          for (const [index, { end, name: what, polls }] of happenings.entries()) {
            check(rowOf(name), action, { end, requests: polls }, seen[index]!, `${name}: ${what}`)
          }
        })
      )
    }
  }
})
