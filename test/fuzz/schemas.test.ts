import * as Core from "@effect-agentbay/core"
import * as Node from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { TokenContent } from "../../packages/core/src/internal/syncToken.js"
import { ToolListing, ToolListText } from "../../packages/core/src/internal/toolListCodec.js"
import { ContextStatusList } from "../../packages/core/src/internal/contextStatusCodec.js"
import { Advertised } from "../../packages/node/src/local/Advertisement.js"
import { LocalAdminError } from "../../packages/node/src/local/admin/AdminError.js"
import { rounds } from "../rounds.js"
import { seed } from "./random.js"

const fc = FastCheck
const numRuns = rounds({ short: 40, long: 2000 })

type Any = Schema.Schema.AnyNoContext

/** Every schema that is exported, and both sides of every operation, by where it is found. */
const exported = (): ReadonlyArray<readonly [name: string, schema: Any]> => {
  const found: Array<readonly [string, Any]> = []
  for (const [name, module] of Object.entries({ ...Core, ...Node })) {
    for (const [key, value] of Object.entries(module)) {
      // What a guard calls a schema has services only if somebody wrote one that has: none does.
      if (Schema.isSchema(value)) found.push([`${name}.${key}`, value as Any])
    }
  }
  for (const [action, { payload, reply }] of Object.entries(Core.Protocol.operations)) {
    // The same: an operation's schemas have no services.
    found.push([`${action} payload`, payload as Any], [`${action} reply`, reply as Any])
  }
  return found
}

/** Not exported, but what they write is read by another process, or another version. */
const others: ReadonlyArray<readonly [string, Any]> = [
  ["TokenContent", TokenContent],
  ["Advertised", Advertised],
  ["LocalAdminError", LocalAdminError],
  ["ContextStatusList", ContextStatusList],
  ["ToolListText", ToolListText],
  ["ToolListing", ToolListing]
]

const seconds = (millis: number) => Math.floor(millis / 1000)

/** What is written is JSON, so only what JSON can say comes back. */
const throughText = (encoded: unknown): unknown => JSON.parse(JSON.stringify(encoded ?? null))

/**
 * Whether JSON can say it: it knows no numbers that are not finite. And no record of Effect's
 * schemas keeps a key named `__proto__`.
 */
const isSayable = (schema: Any, value: unknown): boolean => {
  let sayable = true
  const look = (key: string, inner: unknown) => {
    if (typeof inner === "number" && !Number.isFinite(inner)) sayable = false
    if (key === "__proto__") sayable = false
    return inner
  }
  JSON.stringify(value, look)
  JSON.stringify(ParseResult.encodeUnknownSync(schema)(value), look)
  return sayable
}

// Their decoded side is declared without a way to make one up, to keep programs small.
const tasks = fc.array(Arbitrary.make(Schema.typeSchema(Core.ContextStatus.ContextStatusData)), {
  maxLength: 4
})
const given: { readonly [name: string]: FastCheck.Arbitrary<unknown> } = {
  ContextStatusList: tasks,
  "GetContextInfo reply": tasks.map((contextStatus) => ({ data: { contextStatus } }))
}

// Times before 1970 read as unknown, and an `inputSchema` that is null as absent. Whoever holds
// tasks or tools is only the same from the first reading on.
const hasTasksOrTools = new Set([
  "AgentBayError.SyncFailed",
  "AgentBayError.SyncTimeout",
  "ContextStatus.ContextStatusData",
  "ContextStatusList",
  "CreateMcpSession reply",
  "GetContextInfo reply",
  "GetSession reply",
  "ListMcpTools reply",
  "TokenContent",
  "ToolListText",
  "ToolListing"
])

// Nanoseconds come back as milliseconds, and a cause as the words of it.
const hasTimesOrCauses = /^Faults\.|Error$/

const samplesOf = (name: string, schema: Any): ReadonlyArray<unknown> =>
  fc.sample(given[name] ?? Arbitrary.make(Schema.typeSchema(schema)), {
    seed: seed % 2 ** 31,
    numRuns
  })

/** A value once around: written as JSON and read again. */
const around = (schema: Any, value: unknown): unknown => {
  const encoded = ParseResult.encodeUnknownSync(schema)(value)
  return ParseResult.decodeUnknownSync(schema)(
    typeof encoded === "object" ? throughText(encoded) : encoded
  )
}

const same = (one: unknown, other: unknown): boolean => {
  if (Equal.equals(one, other)) return true
  try {
    assert.deepStrictEqual(one, other)
    return true
  } catch {
    return false
  }
}

describe("every schema", () => {
  const all = [...exported(), ...others]

  it("is found", () => {
    const names = all.map(([name]) => name)
    // Finding too few would make all of this silent.
    assert.isAtLeast(names.length, 2 * Object.keys(Core.Protocol.operations).length + 20)
    for (const known of [
      "ContextStatus.ContextStatusData",
      "SyncPolicy.SyncPolicy",
      "ContextSync.Binding",
      "AgentBayError.TransportError",
      "AgentBayError.ApiError",
      "AgentBayError.InvalidArgument",
      "AgentBayError.SyncFailed",
      "AgentBayError.SyncTimeout",
      "AgentBayError.ToolError",
      "Faults.Faults",
      "Protocol.LinkToolReply"
    ]) {
      assert.include(names, known)
    }
  })

  for (const [name, schema] of all) {
    it(`${name} is read as it was written, ${numRuns} times`, () => {
      const sayable = samplesOf(name, schema).filter((value) => isSayable(schema, value))
      assert.isAbove(sayable.length, numRuns / 4)
      for (const value of sayable) {
        let first: unknown
        try {
          first = around(schema, value)
          const written = (it: unknown) => throughText(ParseResult.encodeUnknownSync(schema)(it))
          if (!hasTasksOrTools.has(name)) {
            assert.deepStrictEqual(written(first), written(value))
            if (!hasTimesOrCauses.test(name)) {
              assert.deepStrictEqual(throughText(first), throughText(value))
            }
          }
          const second = around(schema, first)
          assert.isTrue(same(second, first), "it changed at the second reading")
        } catch (cause) {
          throw new Error(`SEED=${seed} ${JSON.stringify([value, first])}`, { cause })
        }
      }
    })
  }

  it("of a task keeps all of it, and its times to the second", () => {
    const schema = Core.ContextStatus.ContextStatusData
    for (const task of fc.sample(Arbitrary.make(Schema.typeSchema(schema)), { seed, numRuns })) {
      if (!isSayable(schema, task)) continue
      const again = Schema.decodeUnknownSync(schema)(throughText(Schema.encodeSync(schema)(task)))
      assert.deepStrictEqual(
        { ...again, startTime: 0, finishTime: 0 },
        { ...throughTask(task), startTime: 0, finishTime: 0 }
      )
      for (const time of ["startTime", "finishTime"] as const) {
        const [before, after] = [task[time], again[time]]
        const kept = before._tag === "Some" && seconds(before.value.epochMillis) > 0
        assert.strictEqual(after._tag, kept ? "Some" : "None")
        if (after._tag === "Some" && before._tag === "Some") {
          assert.strictEqual(after.value.epochMillis / 1000, seconds(before.value.epochMillis))
        }
      }
    }
  })
})

/** Without what is undefined, which JSON leaves out, and with the only zero that it has. */
const throughTask = (task: object) =>
  Object.fromEntries(
    Object.entries(task)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, Object.is(value, -0) ? 0 : value])
  )
