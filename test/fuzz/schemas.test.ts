import * as Core from "@effect-agentbay/core"
import * as Node from "@effect-agentbay/node"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
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

/** A time as it is written; before 1970 it reads as unknown. */
const kept = (time: Option.Option<DateTime.DateTime>): number | null => {
  const written = Option.isSome(time) ? seconds(time.value.epochMillis) : 0
  return written > 0 ? written : null
}

/**
 * What has to come back of a value: all but times before 1970, parts of seconds and milliseconds,
 * an `inputSchema` that is null, and of a cause all but its words.
 */
const lasting = (value: unknown): unknown => {
  const text = JSON.stringify({ value }, function (this: Record<string, unknown>, key, given) {
    // What is given here has already been asked for its `toJSON`, which hides secrets.
    const inner = this[key]
    if (Redacted.isRedacted(inner)) return Redacted.value(inner)
    if (Option.isOption(inner)) {
      const content = Option.getOrUndefined(inner)
      if (content === undefined || DateTime.isDateTime(content)) {
        return kept(Option.filter(inner, DateTime.isDateTime))
      }
    }
    if (Duration.isDuration(inner)) return Math.floor(Duration.toMillis(inner))
    if (key === "cause" && inner !== undefined) return Schema.encodeSync(Schema.Defect)(inner)
    return key === "inputSchema" && inner === null ? undefined : given
  })
  return JSON.parse(text)
}

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
          assert.deepStrictEqual(lasting(first), lasting(value))
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
