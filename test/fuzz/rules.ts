/** Rules of misbehaviour to fuzz with: good ones, and spoiled ones. */
import * as Faults from "@effect-agentbay/node/Faults"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { World } from "./forms.js"
import { anyTree, spoil, treeOf, write } from "./json.js"
import type { Random } from "./random.js"

const calls = (random: Random) =>
  random.pick<typeof Faults.Calls.Encoded>([
    1,
    [1, 3, 5],
    { from: 2, to: 6 },
    { probability: 0.2, seed: random.below(100) }
  ])

const effects: ReadonlyArray<typeof Faults.Then.Encoded> = [
  { latency: 2 },
  { latency: "1 millis", drop: "before" },
  { drop: "after" },
  { drop: "midway" },
  { error: { httpStatus: 503, code: "ServiceUnavailable", retryAfter: "2 seconds" } },
  { error: { code: "x\u0000\r\nX: y", message: "m".repeat(1000), soft: true } },
  { malformed: "html" },
  { malformed: "empty" },
  { malformed: "cut" },
  { malformed: "noData" },
  { malformed: "status" },
  { malformed: "items" },
  { malformed: { text: "\uD800", contentType: "x\r\ny: z", httpStatus: 204 } },
  { malformed: { text: "x", httpStatus: 304 } },
  { task: { hidden: 1, stale: 1, polls: 2, lasts: "1 second", fail: "f", endStatus: "Odd" } },
  { task: { status: "Success" } }
]

const rule = (world: World, random: Random): Faults.Input[number] => {
  const then = random.pick(effects)
  const action = random.pick(["GetContextInfo", "SyncContext", "CallMcpTool", "ListSession"])
  return {
    name: "n",
    when: {
      ...(then.task === undefined && random.chance(0.5) ? { action } : {}),
      ...(random.chance(0.3) ? { sessionId: random.pick(world.sessionIds) } : {}),
      calls: calls(random)
    },
    then
  }
}

const decoded = Schema.decodeUnknownEither(Schema.parseJson(Faults.Faults), {
  onExcessProperty: "error"
})

/**
 * Whether the rest of a round still tells something: not when each call is spoiled from now on,
 * takes hours, or is answered with the status that the server must never have of itself.
 */
const isBearable = (text: string): boolean =>
  Either.match(decoded(text), {
    // It will be refused.
    onLeft: () => true,
    onRight: (rules) =>
      rules.every(({ then, when }) => {
        const { error, latency, malformed } = then
        const statuses = [error?.httpStatus, typeof malformed === "object" && malformed.httpStatus]
        return (
          (then.task !== undefined || when?.calls !== undefined) &&
          (latency === undefined || Duration.lessThan(latency, "50 millis")) &&
          !statuses.includes(500)
        )
      })
  })

/** The body of a request that sets rules. */
export const anyRules = (world: World, random: Random): string => {
  const sane = () => Array.from({ length: 1 + random.below(3) }, () => rule(world, random))
  const text = random.chance(0.4)
    ? JSON.stringify(sane())
    : random.chance(0.1)
      ? write(anyTree(random))
      : write(spoil(treeOf(sane()), random))
  return isBearable(text) ? text : "[]"
}
