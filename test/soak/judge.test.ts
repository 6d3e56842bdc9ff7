import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Call, early, judge, type Sync, unexplained } from "./judge.js"

const about = { sessionId: "s", path: "/a" }
const status = (begin: number, kind?: Call["kind"]): Call => ({
  action: "GetContextInfo",
  status: 200,
  sessionId: "s",
  sent: begin,
  begin,
  end: begin + 10,
  ...(kind === undefined ? {} : { kind })
})
const trigger = (begin: number, kind?: Call["kind"]): Call => ({
  ...status(begin, kind),
  ...about,
  action: "SyncContext"
})
const sync: Sync = { ...about, begun: 0, told: 1000, outcome: "completed" }
const shown = [{ ...about, at: 900 }]

const check = (name: string, body: () => void) => it.effect(name, () => Effect.sync(body))

describe("the judge of the load", () => {
  check("has nothing to say of a sync that is told as it was shown", () => {
    const { late, objections } = judge([sync], [trigger(5), status(900)], shown)
    assert.deepStrictEqual([objections, late], [[], 0])
  })

  check("objects to an end that no poll has shown, and to one of before", () => {
    assert.lengthOf(judge([sync], [trigger(5)], []).objections, 1)
    assert.lengthOf(judge([sync], [trigger(5)], [{ ...about, at: 4 }]).objections, 1)
  })

  check("counts the polls that a sync lets pass", () => {
    const calls = [trigger(5), status(900), status(920), status(940), status(960, "HTTP 500")]
    assert.strictEqual(judge([sync], calls, shown).late, 2)
  })

  check("objects to an error without its fault, and to a fault without its error", () => {
    const lost: Sync = { ...sync, outcome: "lost", reason: "ServerFault" }
    assert.lengthOf(judge([lost], [trigger(5, "HTTP 500")], []).objections, 0)
    assert.lengthOf(judge([lost], [trigger(5)], []).objections, 1)
    assert.lengthOf(judge([lost], [trigger(5, "a page")], []).objections, 1)
    assert.lengthOf(judge([sync], [trigger(5, "HTTP 500")], shown).objections, 1)
  })

  check("objects to triggers that are sent twice, and to those of nobody", () => {
    assert.lengthOf(judge([sync], [trigger(5), trigger(50)], shown).objections, 1)
    assert.lengthOf(
      judge([sync], [trigger(5, "throttled for 2 s"), trigger(50)], shown).objections,
      0
    )
    assert.lengthOf(judge([sync], [trigger(5), trigger(2000)], shown).objections, 1)
  })

  check("gives a trigger to the sync that has sent it, however late the server has read it", () => {
    const lost: Sync = { ...sync, outcome: "lost", reason: "Transport" }
    const next: Sync = { ...sync, begun: 1000, told: 2000 }
    const calls = [{ ...trigger(1002, "dropped before"), sent: 999 }, trigger(1003)]
    const { objections } = judge([lost, next], calls, [{ ...about, at: 1900 }])
    assert.deepStrictEqual(objections, [])
  })

  check("finds who comes before the advice has passed", () => {
    const refused = status(0, "throttled for 2 s")
    assert.lengthOf(early([refused, status(1900)]), 1)
    assert.lengthOf(early([refused, status(50), status(2000)]), 0)
    assert.lengthOf(early([refused, { ...status(1900), sessionId: "t" }]), 0)
    assert.lengthOf(early([trigger(0, "throttled for 10 s"), trigger(9000)]), 1)
  })

  check("counts who does not wait without a reason", () => {
    const sample = { at: 500, waits: 8, heap: 0 }
    const beginnings = [
      { from: 450, to: 600 },
      { from: 0, to: 450 },
      { from: 0, to: 100 }
    ]
    assert.strictEqual(unexplained(sample, 10, beginnings, 0), 1)
    assert.strictEqual(unexplained(sample, 10, beginnings, 100), 0)
  })
})
