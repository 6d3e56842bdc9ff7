import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import * as ContextManager from "@effect-agentbay/core/ContextManager"
import type { BindingRef } from "@effect-agentbay/core/ContextStatus"
import * as PollPolicy from "@effect-agentbay/core/PollPolicy"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"

export const sessionId = "session-1"

/** The target of most tests. */
export const work: BindingRef = { contextId: "SdkCtx-work", path: "/home/wuying/work" }
export const notes: BindingRef = { contextId: "SdkCtx-notes", path: "/home/wuying/notes" }

/** A status item of `work`, unless `more` says otherwise. */
export const upload = (
  status: string,
  more: AgentBayTest.StatusItem = {}
): AgentBayTest.StatusItem => ({ ...work, taskType: "upload", status, ...more })

export const download = (
  status: string,
  more: AgentBayTest.StatusItem = {}
): AgentBayTest.StatusItem => ({ ...work, taskType: "download", status, ...more })

export const lists = (...items: ReadonlyArray<AgentBayTest.StatusItem>): AgentBayTest.Reply =>
  AgentBayTest.status(items)

/** The answer of `DescribeSessionContexts`. */
export const bindingsAre = (...bindings: ReadonlyArray<BindingRef>): AgentBayTest.Reply =>
  AgentBayTest.ok(bindings.map(({ contextId, path }) => ({ ContextId: contextId, Path: path })))

export const html = "<html><body>Bad gateway</body></html>"
export const sessionGone = { code: "InvalidMcpSession.NotFound", message: "is not found." }

export const manager = ContextManager.make({ sessionId })

export const sync = (options?: ContextManager.SyncOptions) =>
  Effect.flatMap(manager, (contexts) => contexts.sync(options))

export const info = (filter?: ContextManager.InfoFilter) =>
  Effect.flatMap(manager, (contexts) => contexts.info(filter))

/** Retries without jitter, so that a test can name their times. */
export const everySecond = (retries: number) =>
  Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(retries)))

/** Polls without a pause, for tests that are not about time. */
export const withoutPause = (retries: number) => PollPolicy.fromSchedule(Schedule.recurs(retries))

/** What the service answers, told in the order in which a sync asks. */
export interface Scenario extends Omit<AgentBayTest.Options, "script"> {
  /** The status requests before the trigger. Default: one that lists nothing. */
  readonly before?: ReadonlyArray<AgentBayTest.Reply>
  readonly trigger?: AgentBayTest.Replies
  /** The status requests after the trigger; the last one repeats. */
  readonly polls?: ReadonlyArray<AgentBayTest.Reply>
  readonly bindings?: AgentBayTest.Replies
}

export const scenario = ({ before, bindings, polls, trigger, ...options }: Scenario) =>
  AgentBayTest.layer({
    ...options,
    script: {
      GetContextInfo: [...(before ?? [lists()]), ...(polls ?? [lists(upload("Success"))])],
      SyncContext: trigger ?? AgentBayTest.ok(),
      DescribeSessionContexts: bindings ?? bindingsAre(work)
    }
  })

/** How an effect ended, and what the service saw of it. Times count from its start. */
export interface Observed<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly requests: ReadonlyArray<AgentBayTest.RecordedRequest>
  readonly statusTimes: ReadonlyArray<number>
  readonly triggerTimes: ReadonlyArray<number>
}

/** Lets an effect run for some time of the test clock; it has to end within it. */
export const observe = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  answers: Scenario = {},
  within: Duration.DurationInput = "1 minute"
) =>
  Effect.gen(function* () {
    const service = yield* AgentBayTest.AgentBayTest
    const startedAt = yield* Clock.currentTimeMillis
    const since = (times: ReadonlyArray<number>) => times.map((time) => time - startedAt)
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(within)
    const ended = yield* Fiber.poll(fiber)
    const observed: Observed<A, E> = {
      exit: Option.getOrElse(ended, () => assert.fail("it is still waiting")),
      requests: yield* service.requests,
      statusTimes: since(yield* service.timesOf("GetContextInfo")),
      triggerTimes: since(yield* service.timesOf("SyncContext"))
    }
    return observed
  }).pipe(Effect.provide(scenario(answers)))

export const succeeded = <A, E>({ exit }: Observed<A, E>): A =>
  Exit.isSuccess(exit) ? exit.value : assert.fail(`it failed: ${Cause.pretty(exit.cause)}`)

type Tagged = { readonly _tag: string }
type Named<E, Tag extends string> = Extract<E, { readonly _tag: Tag }>

/** The typed error an effect ended with; any other end fails the test. */
export const failedWith = <A, E extends Tagged, const Tag extends E["_tag"]>(
  { exit }: Observed<A, E>,
  tag: Tag
): Named<E, Tag> => {
  const isNamed = (error: E): error is Named<E, Tag> => error._tag === tag
  const error = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
  return Option.getOrElse(Option.filter(error, isNamed), () =>
    assert.fail(
      `it should have failed with ${tag}, but: ${Exit.match(exit, {
        onSuccess: (value) => JSON.stringify(value),
        onFailure: Cause.pretty
      })}`
    )
  )
}

/** The ends of a sync in one word, for tables. */
export const outcomeOf = <E extends Tagged>({
  exit
}: Observed<{ readonly outcome: string }, E>): string =>
  Exit.match(exit, {
    onSuccess: ({ outcome }) => outcome,
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.pretty(cause),
        onSome: (error) => ("reason" in error ? `${error._tag} ${error.reason}` : error._tag)
      })
  })

export const actions = (observed: Observed<unknown, unknown>): ReadonlyArray<string> =>
  observed.requests.map(({ action }) => action)
