/** Programs that are interrupted at their moments, and what is left of them. */
import * as AgentBayHttp from "@effect-agentbay/core/AgentBayHttp"
import * as Metrics from "@effect-agentbay/core/AgentBayMetrics"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type { PollHub } from "../../packages/core/src/internal/pollHub.js"
import { type Client, type Fate, inMemory, overHttpClient, type Sent } from "./service.js"
import { type Grain, makeWorld } from "./world.js"

/** What a round has seen. */
export interface Seen<P> {
  readonly prepared: P
  readonly exit: Exit.Exit<unknown, unknown>
  /** What was sent by the program, also after its interruption. */
  readonly sent: ReadonlyArray<Sent>
  readonly isInterrupted: boolean
}

/** A program that is interrupted. */
export interface Program<P> {
  readonly name: string
  readonly http?: AgentBayHttp.Options
  /** Whether all this holds between any two of its steps, and not only between its turns. */
  readonly everyStep?: boolean
  /** What happens to its requests. Default: they are answered. */
  readonly fate?: (action: string) => Fate
  /** What has to be there before the first round. */
  readonly prepare: Effect.Effect<P, unknown, Client>
  /** What has to be made for each round besides. */
  readonly anew?: (prepared: P) => Effect.Effect<P, unknown, Client>
  readonly run: (prepared: P) => Effect.Effect<unknown, unknown, Client>
  /** What it may still do once it is interrupted. Without that it ends at once. */
  readonly cleaning?: ReadonlyArray<string>
  /** What it must not send twice. */
  readonly once: ReadonlyArray<string>
  /** What else has to hold, whenever it was interrupted. */
  readonly holds?: (seen: Seen<P>) => void
  /** The same, by asking the service. */
  readonly afterwards?: (prepared: P, seen: Seen<P>) => Effect.Effect<unknown, unknown, Client>
}

export const count = (sent: ReadonlyArray<Sent>, action: string) =>
  sent.filter((request) => request.action === action).length

const told = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "it succeeded"

const valueOf = <A, E>(exit: Exit.Exit<A, E>): A =>
  Exit.isSuccess(exit) ? exit.value : assert.fail(told(exit))

const waiting = Effect.map(Metric.value(Metrics.waiters), ({ value }) => value)

/** Whether a hub keeps nothing of a session: it has to ask how its status is read. */
export const isForgotten = (pollHub: PollHub, sessionId: string): boolean => {
  let isAsked = false
  const reads = () => {
    isAsked = true
    return { once: Effect.never, retry: () => Effect.never }
  }
  pollHub.retain(sessionId, reads)()
  return isAsked
}

/** The sessions that a round was about: what it had, what it gave, and what it asked for. */
const sessionsOf = ({ exit, prepared, sent }: Seen<unknown>): ReadonlySet<string> => {
  const ids = new Set(sent.flatMap(({ sessionId }) => (sessionId === undefined ? [] : sessionId)))
  for (const made of [prepared, Exit.isSuccess(exit) ? exit.value : undefined]) {
    if (typeof made === "object" && made !== null && "sessionId" in made) {
      ids.add(String(made.sessionId))
    }
  }
  return ids
}

/** How a program is interrupted. */
export interface Manner {
  readonly grain: Grain
  /** What the client stands on: a transport that knows no promises, or the doubles of the platform. */
  readonly over: "memory" | "an HttpClient"
  /** Of so many moments one is tried. */
  readonly of: number
  /** Decides how long each request is on its way. */
  readonly seed: number
}

/** A client in a world of its own, in which programs are run and interrupted. */
const open = async <P>(program: Program<P>, manner: Manner) => {
  const { grain, over } = manner
  const world = Effect.runSync(makeWorld({ promises: over === "an HttpClient" }))
  const { book, layer } = (over === "an HttpClient" ? overHttpClient : inMemory)({
    http: program.http ?? {},
    fate: program.fate ?? (() => "answered"),
    seed: manner.seed
  })
  const scope = Effect.runSync(Scope.make())
  const built = Scope.extend(Layer.toRuntime(layer), scope)
  const runtime = valueOf(await world.complete(Runtime.defaultRuntime, built))
  const { pollHub } = Context.get(runtime.context, AgentBayHttp.AgentBayHttp)
  const waitingBefore = Effect.runSync(waiting)

  const nothingIsLeft = (when: string) => {
    const fibers = Effect.runSync(world.fibers)
    if (fibers.length > 0) assert.fail(`${fibers.length} fibers live ${when}`)
    if (world.sleepers() > 0) assert.fail(`${world.sleepers()} sleep ${when}`)
    const open = book.filter(({ end }) => end === undefined)
    if (open.length > 0) assert.fail(`${open.map(({ action }) => action).join()} open ${when}`)
    assert.strictEqual(Effect.runSync(waiting), waitingBefore, `who waits ${when}`)
  }

  const lasting = valueOf(await world.complete(runtime, program.prepare))
  const { anew = Effect.succeed } = program

  /** Runs the program up to a moment; gives how many moments it took. */
  const round = async (moment: number): Promise<number> => {
    const prepared = valueOf(await world.complete(runtime, anew(lasting)))
    await world.settle()
    book.length = 0
    const fiber = world.fork(runtime, program.run(prepared))
    let isInterrupted = false
    let sentByEnd = Infinity
    fiber.addObserver(() => {
      sentByEnd = book.length
    })
    world.at(moment, grain, () => {
      isInterrupted = true
      fiber.unsafeInterruptAsFork(FiberId.none)
    })
    await world.runWhile(() => !isInterrupted && fiber.unsafePoll() === null)
    const moments = world.moments()
    world.at(Infinity, grain, () => {})
    // Who is on turn before the interrupted fiber is may send something; it is aborted then.
    await world.settle()
    const sentAtOnce = book.length
    if (program.cleaning === undefined) nothingIsLeft("at once")
    await world.run(3_600_000)
    const exit = fiber.unsafePoll() ?? assert.fail("the program goes on")
    nothingIsLeft("an hour later")

    assert.lengthOf(book, sentByEnd, "sent after the end")
    if (isInterrupted) {
      for (const { action } of book.slice(sentAtOnce)) {
        assert.include(program.cleaning ?? [], action, "sent after the interruption")
      }
    }
    for (const action of program.once) {
      assert.isAtMost(count(book, action), 1, `how often ${action} was sent`)
    }
    if (!isInterrupted) assert.isTrue(Exit.isSuccess(exit), told(exit))
    const seen = { prepared, exit, sent: [...book], isInterrupted }
    program.holds?.(seen)
    if (program.afterwards !== undefined) {
      valueOf(await world.complete(runtime, program.afterwards(prepared, seen)))
    }
    for (const id of sessionsOf(seen)) {
      assert.isTrue(isForgotten(pollHub, id), "the hub has forgotten the session")
    }
    return moments
  }

  const close = async () => {
    valueOf(await world.complete(Runtime.defaultRuntime, Scope.close(scope, Exit.void)))
    nothingIsLeft("at the end")
  }

  return { round, close }
}

/** After so many interruptions with one client the program has to run through with it. */
const betweenWholeRuns = 50

/** Interrupts a program at every moment it has; gives how often that was. */
export const atEveryMoment = async <P>(program: Program<P>, manner: Manner): Promise<number> => {
  const { close, round } = await open(program, manner)
  const whole = await round(Infinity)
  const { of, seed } = manner
  let times = 0
  for (let moment = 1 + (whole % of); moment <= whole; moment += of) {
    try {
      await round(moment)
      times += 1
      if (times % betweenWholeRuns === 0) await round(Infinity)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(
        `${program.name}, interrupted at moment ${moment} of ${whole}, seed ${seed}: ${reason}`,
        {
          cause: error
        }
      )
    }
  }
  await round(Infinity)
  await close()
  return times
}
