/**
 * Fibers whose turns and time are in the hands of a test: their steps are counted, and something
 * can be done between any two of them. Two runs of the same program take the same steps.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scheduler from "effect/Scheduler"
import * as Supervisor from "effect/Supervisor"

/**
 * What a moment is, besides those in which all wait for the clock: the beginning of a turn of a
 * fiber, which lasts until it waits for something, or each of its steps.
 */
export type Grain = "turns" | "steps"

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/** Lets all promises go on that can. */
const turnOfTheEventLoop = () =>
  new Promise<void>((resume) => {
    setImmediate(resume)
  })

/** After so many steps without a yield a fiber lets others run, as in Effect's own scheduler. */
const longestRun = 2048

export interface World {
  /** Starts an effect; the fibers it forks are counted as long as they live. */
  readonly fork: <A, E, R>(
    runtime: Runtime.Runtime<R>,
    effect: Effect.Effect<A, E, R>
  ) => Fiber.RuntimeFiber<A, E>
  /** Does something at the moment of that number, counted from now on. */
  readonly at: (moment: number, of: Grain, what: () => void) => void
  /** How many moments there were since `at`. */
  readonly moments: () => number
  /** Lets everybody go on who can without the clock. */
  readonly settle: () => Promise<void>
  /** The same, with the clock moving on from sleeper to sleeper as long as it is wanted. */
  readonly runWhile: (isWanted: () => boolean) => Promise<void>
  /** The same, for so many milliseconds. */
  readonly run: (millis: number) => Promise<void>
  /** Runs an effect to its end. */
  readonly complete: <A, E, R>(
    runtime: Runtime.Runtime<R>,
    effect: Effect.Effect<A, E, R>
  ) => Promise<Exit.Exit<A, E>>
  readonly now: () => number
  /** How many fibers sleep. */
  readonly sleepers: () => number
  /** The fibers that live and that nobody but this world started, besides those of `fork`. */
  readonly fibers: Effect.Effect<ReadonlyArray<Fiber.RuntimeFiber<unknown, unknown>>>
}

/** How long an effect may take by the clock of its world. */
const longest = Duration.toMillis("1 day")

/**
 * A world in which things happen at once or by its clock; with promises in it, each time when
 * nobody can go on it waits for what these do.
 */
export const makeWorld = ({ promises }: { readonly promises: boolean }): Effect.Effect<World> =>
  Effect.map(Supervisor.track, (supervisor) => {
    const tasks: Array<() => void> = []
    const sleepers = new Set<Sleeper>()
    let now = 0
    let moments = 0
    let due = Infinity
    let act = () => {}
    let grain: Grain = "turns"

    const moment = () => {
      moments += 1
      if (moments === due) act()
    }

    const scheduler: Scheduler.Scheduler = {
      shouldYield: (fiber) => {
        if (grain === "steps") moment()
        return fiber.currentOpCount > longestRun ? 0 : false
      },
      scheduleTask: (task) => tasks.push(task)
    }

    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      sleep: (duration) =>
        Effect.async<void>((resume) => {
          const own = {
            until: now + Duration.toMillis(duration),
            wake: () => resume(Effect.void)
          }
          sleepers.add(own)
          return Effect.sync(() => {
            sleepers.delete(own)
          })
        }),
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
      unsafeCurrentTimeMillis: () => now,
      unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n
    }

    const settle = async () => {
      do {
        for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
          if (grain === "turns") moment()
          task()
        }
        if (promises) await turnOfTheEventLoop()
      } while (tasks.length > 0)
    }

    const earliest = () => {
      let until = Infinity
      for (const sleeper of sleepers) until = Math.min(until, sleeper.until)
      return until
    }

    const step = async (end: number, isWanted: () => boolean) => {
      await settle()
      if (isWanted()) moment()
      if (tasks.length > 0) await settle()
      const next = earliest()
      if (next > end || !isWanted()) return false
      now = Math.max(now, next)
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      await settle()
      return true
    }

    const fork: World["fork"] = (runtime, effect) =>
      Runtime.runFork(runtime)(
        // Begins with the next turn, so that there is something to hold before its first step.
        Effect.zipRight(Effect.yieldNow(), effect).pipe(
          Effect.supervised(supervisor),
          Effect.withClock(clock)
        ),
        { scheduler }
      )

    return {
      fork,
      at: (number, of, what) => {
        grain = of
        moments = 0
        due = number
        act = what
      },
      moments: () => moments,
      settle,
      runWhile: async (isWanted) => {
        while (await step(now + longest, isWanted));
      },
      run: async (millis) => {
        const end = now + millis
        while (await step(end, () => true));
        now = end
      },
      complete: async (runtime, effect) => {
        const fiber = fork(runtime, effect)
        while (await step(now + longest, () => fiber.unsafePoll() === null));
        const exit = fiber.unsafePoll()
        if (exit === null) throw new Error("it waits for something that never comes")
        return exit
      },
      now: () => now,
      sleepers: () => sleepers.size,
      fibers: supervisor.value
    }
  })
