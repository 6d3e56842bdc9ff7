/** Any crowd before any service: each gets what it would have got alone, at the price of one. */
import { TransportError } from "@effect-agentbay/core/AgentBayError"
import type { ContextSyncResult } from "@effect-agentbay/core/ContextStatus"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import type { WaitError } from "@effect-agentbay/core/SyncHandle"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import { makePollHub } from "../../../packages/core/src/internal/pollHub.js"
import * as PollLoop from "../../../packages/core/src/internal/pollLoop.js"
import {
  type StatusReading,
  statusReading
} from "../../../packages/core/src/internal/statusReads.js"
import * as Decision from "../../../packages/core/src/internal/syncDecision.js"
import type { SyncWait } from "../../../packages/core/src/internal/syncWait.js"
import { bindingOf } from "./crowd.js"
import { sessionId } from "./fixture.js"
import { makeVirtualClock } from "./virtualClock.js"

const fc = FastCheck

/** When the task of a target shows, when it ends and how; one without a start never shows. */
interface Task {
  readonly from: number | undefined
  readonly to: number
  readonly end: "Success" | "Failed"
}

interface Service {
  readonly tasks: ReadonlyArray<Task>
  /** Spans of time in which requests meet a fault that passes. */
  readonly faults: ReadonlyArray<readonly [number, number]>
  readonly latency: number
}

interface Waiter {
  readonly at: number
  readonly target: number
  readonly maxRetries: number
  readonly graceRetries: number
  readonly maxConsecutiveErrors: number
  readonly timeout: number | undefined
  readonly leavesAfter: number | undefined
}

const fault = new TransportError({
  operation: "GetContextInfo",
  reason: "Transport",
  description: "scripted"
})

const listed = (service: Service, at: number): StatusReading =>
  statusReading({
    requestId: "",
    contextStatusData: service.tasks.flatMap(({ end, from, to }, index) =>
      from === undefined || at < from
        ? []
        : [
            {
              ...bindingOf(index),
              taskType: "upload",
              status: at < to ? "Running" : end,
              errorMessage: "",
              startTime: Option.none(),
              finishTime: Option.none()
            }
          ]
    )
  })

/** One way to ask, which notes when it was asked and how many questions were open at most. */
const makeReads = (service: Service) => {
  const times: Array<number> = []
  const seen = { open: 0, most: 0, times }
  const read = Effect.clockWith((clock) => {
    const at = clock.unsafeCurrentTimeMillis()
    times.push(at)
    seen.open += 1
    seen.most = Math.max(seen.most, seen.open)
    const answer = service.faults.some(([from, to]) => at >= from && at < to)
      ? Effect.fail(fault)
      : Effect.succeed(listed(service, at))
    return Effect.ensuring(
      service.latency === 0 ? answer : Effect.zipRight(Effect.sleep(service.latency), answer),
      Effect.sync(() => (seen.open -= 1))
    )
  })
  return { read, seen }
}

const waitOf = (waiter: Waiter, interval: number): SyncWait => {
  const target = bindingOf(waiter.target)
  const subject: Decision.SyncSubject = {
    operation: "sync",
    sessionId,
    requestId: "",
    mode: "upload",
    target,
    expected: [target],
    graceRetries: waiter.graceRetries
  }
  return {
    initial: Decision.initial([]),
    policy: PollPolicy.spaced({ interval, maxRetries: waiter.maxRetries }),
    maxConsecutiveErrors: waiter.maxConsecutiveErrors,
    deadline: waiter.timeout === undefined ? undefined : waiter.at + waiter.timeout,
    decide: Decision.decide(subject),
    exhausted: Decision.exhausted(subject)
  }
}

type Joined = Effect.Effect<ContextSyncResult, WaitError>

/** How a wait has ended: its word, and what it has used up. */
const endOf = (exit: Option.Option<Exit.Exit<ContextSyncResult, WaitError>>) => {
  if (Option.isNone(exit)) return assert.fail("somebody still waits")
  if (Exit.isSuccess(exit.value)) {
    const { elapsed, outcome, polls } = exit.value.value
    return { tag: outcome, polls, elapsed: Duration.toMillis(elapsed) }
  }
  const error = Cause.failureOption(exit.value.cause)
  if (Option.isNone(error)) {
    assert.isTrue(Cause.isInterruptedOnly(exit.value.cause), Cause.pretty(exit.value.cause))
    return { tag: "left", polls: 0, elapsed: 0 }
  }
  return error.value._tag === "SyncTimeout"
    ? {
        tag: "SyncTimeout",
        polls: error.value.polls,
        elapsed: Duration.toMillis(error.value.elapsed)
      }
    : { tag: error.value._tag, polls: 0, elapsed: 0 }
}

const hour = 3_600_000

/** Lets all wait together and, before the same service, each alone. */
const runCrowd = (service: Service, interval: number, waiters: ReadonlyArray<Waiter>) =>
  Effect.gen(function* () {
    const virtual = makeVirtualClock()
    const together = makeReads(service)
    const hub = makePollHub()
    const reads = () => ({ once: together.read, retry: identity })
    const shared = (wait: SyncWait) =>
      PollLoop.join({ loop: () => hub.loop(sessionId, reads, wait.policy), wait })
    const come = (waiter: Waiter, join: (wait: SyncWait) => Joined) =>
      Effect.gen(function* () {
        if (waiter.at > 0) yield* Effect.sleep(waiter.at)
        return yield* join(waitOf(waiter, interval))
      })
    const before = (yield* Fiber.roots).length
    const [joined, alone] = yield* Effect.gen(function* () {
      const joining = yield* Effect.forEach(waiters, (one) => Effect.fork(come(one, shared)))
      for (const [index, { at, leavesAfter }] of waiters.entries()) {
        if (leavesAfter === undefined) continue
        yield* Effect.fork(Effect.delay(Fiber.interrupt(joining[index]!), at + leavesAfter))
      }
      // Those who leave are not asked what would have become of them.
      const staying = yield* Effect.forEach(waiters, (one) =>
        Effect.fork(
          one.leavesAfter === undefined
            ? come(one, (wait) => PollLoop.runAlone({ ...wait, read: makeReads(service).read }))
            : Effect.interrupt
        )
      )
      return [joining, staying] as const
    }).pipe(Effect.withClock(virtual.clock))
    yield* virtual.runUntil(hour)
    assert.strictEqual(virtual.sleeping(), 0, "somebody still sleeps")
    assert.strictEqual((yield* Fiber.roots).length, before, "a fiber still runs")
    assert.strictEqual(together.seen.open, 0, "a request is still open")
    const ends = yield* Effect.forEach(joined, (fiber) => Effect.map(Fiber.poll(fiber), endOf))
    const endsAlone = yield* Effect.forEach(alone, (fiber) => Effect.map(Fiber.poll(fiber), endOf))
    return { ends, endsAlone, seen: together.seen }
  })

const time = fc.integer({ min: 0, max: 15_000 })
const task: FastCheck.Arbitrary<Task> = fc
  .record({
    from: fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined, freq: 4 }),
    lasts: fc.oneof(time, fc.constant(Infinity)),
    end: fc.constantFrom("Success" as const, "Failed" as const)
  })
  .map(({ end, from, lasts }) => ({ from, to: (from ?? 0) + lasts, end }))

const waiter = (options: {
  readonly at: FastCheck.Arbitrary<number>
  readonly timeout: FastCheck.Arbitrary<number | undefined>
}): FastCheck.Arbitrary<Waiter> =>
  fc.record({
    ...options,
    target: fc.nat(2),
    maxRetries: fc.nat(9),
    graceRetries: fc.nat(4),
    maxConsecutiveErrors: fc.nat(3),
    leavesAfter: fc.option(fc.integer({ min: 0, max: 9000 }), { nil: undefined, freq: 2 })
  })

const tasks = fc.tuple(task, task, task)
const intervals = fc.constantFrom(700, 1000, 1500)

describe("any crowd", () => {
  it.effect.prop(
    "that begins together: each ends exactly as it would alone, and for all one request per tick",
    {
      interval: intervals,
      service: fc.record({
        tasks,
        faults: fc.array(fc.tuple(time, fc.constantFrom(500, 2000, 5000)), { maxLength: 2 }),
        latency: fc.constantFrom(0, 250)
      }),
      waiters: fc.array(waiter({ at: fc.constant(0), timeout: fc.constant(undefined) }), {
        minLength: 1,
        maxLength: 12
      })
    },
    ({ interval, service, waiters }) =>
      Effect.gen(function* () {
        const faults = service.faults.map(([from, length]) => [from, from + length] as const)
        const { ends, endsAlone, seen } = yield* runCrowd({ ...service, faults }, interval, waiters)
        for (const [index, end] of ends.entries()) {
          if (waiters[index]!.leavesAfter === undefined) {
            assert.deepStrictEqual(end, endsAlone[index])
          }
        }
        assert.isAtMost(seen.most, 1)
        const pauses = seen.times.slice(1).map((at, index) => at - seen.times[index]!)
        assert.isTrue(pauses.every((pause) => pause === interval + service.latency))
      }),
    { fastCheck: { numRuns: 100 } }
  )

  it.effect.prop(
    "that comes and goes: each ends as it would alone where that is not a matter of luck",
    {
      interval: intervals,
      service: fc.record({ tasks, faults: fc.constant([]), latency: fc.constantFrom(0, 250) }),
      waiters: fc.array(
        waiter({
          at: fc.integer({ min: 0, max: 10_000 }),
          timeout: fc.option(fc.integer({ min: 1, max: 12_000 }), { nil: undefined, freq: 3 })
        }),
        { minLength: 1, maxLength: 12 }
      )
    },
    ({ interval, service, waiters }) =>
      Effect.gen(function* () {
        // Somebody waits all the time, so that there is one loop, whose ticks can be counted.
        const patient: Waiter = {
          at: 0,
          target: 3,
          maxRetries: 10_000,
          graceRetries: 10_000,
          maxConsecutiveErrors: 0,
          timeout: undefined,
          leavesAfter: 30_000
        }
        const all = [patient, ...waiters]
        const { ends, endsAlone, seen } = yield* runCrowd(service, interval, all)
        assert.isAtMost(seen.most, 1)
        const lastLooks = waiters.filter(({ timeout }) => timeout !== undefined).length
        assert.isAtMost(seen.times.length, (1.2 * 30_000) / interval + 2 + lastLooks)

        for (const [index, end] of ends.entries()) {
          const { at, leavesAfter, maxRetries, target, timeout } = all[index]!
          const alone = endsAlone[index]!
          // What is left of its own will may have ended before, or not.
          if (leavesAfter !== undefined) continue
          const deadline = at + (timeout ?? Infinity)
          const { from, to } = service.tasks[target] ?? { from: undefined, to: Infinity }
          assert.isAtMost(end.polls, maxRetries + 1)
          if (alone.tag === "Completed" || alone.tag === "SyncFailed") {
            // Its polls come later, never earlier. A look under way at the deadline is the last.
            if (to <= deadline - service.latency) assert.strictEqual(end.tag, alone.tag)
          } else if (alone.tag === "NothingToSync") {
            // Something may show while it waits longer.
            if (from === undefined && timeout === undefined) {
              assert.strictEqual(end.tag, alone.tag)
            }
          } else {
            const late = (maxRetries * 1.2 + 3) * (interval + service.latency)
            if (timeout === undefined && from !== undefined && to > at + late + interval) {
              assert.strictEqual(end.tag, alone.tag)
            }
            if (to > deadline + 2000) assert.notStrictEqual(end.tag, "Completed")
            if (timeout !== undefined) assert.isAtMost(end.elapsed, timeout + 2000)
          }
        }
      }),
    { fastCheck: { numRuns: 100 } }
  )
})
