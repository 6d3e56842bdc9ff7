import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import { type CallError, type InvalidArgument, isRetryable, isThrottled } from "../AgentBayError.js"
import * as Arguments from "./arguments.js"
import { makeGate } from "./gate.js"
import * as Pace from "./pace.js"
import { makeRetryBudget, type RetryBudget } from "./retryBudget.js"
import { makeStartTimes } from "./startTimes.js"

/**
 * How much all users of one layer together ask of the service. Requests beyond it wait for
 * their turn, in the order in which they came; that time is none of their own timeout, and who
 * is interrupted meanwhile has sent nothing. The limits hold for every request to the API, not
 * for tools called by a direct link, nor for the bytes of files.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitOptions {
  /** At most `limit` requests begin within any `interval`. Default: as many as there are. */
  readonly rateLimit?:
    | { readonly limit: number; readonly interval: Duration.DurationInput }
    | undefined
  /** At most so many requests are on their way at once. Default: as many as there are. */
  readonly maxConcurrency?: number | undefined
  /**
   * What all calls together have for retries: each call adds `ratio` (default 0.2) when it is
   * first made, up to `burst` (default 100), each retry takes 1. When less than 1 is left,
   * calls fail with the error they have. Waits have a budget of their own and use none of it.
   */
  readonly retryBudget?:
    | { readonly burst?: number | undefined; readonly ratio?: number | undefined }
    | undefined
  /**
   * Whether requests are kept apart when the service throttles: 100 ms at first, twice as long
   * each time it throttles again, up to 5 s, and shorter with each other answer until it is
   * nothing. Default: true.
   */
  readonly adaptive?: boolean | undefined
}

/** Sends a request when its turn has come. The span learns when that was, if it could wait. */
type Admit = <A, E extends CallError>(
  request: Effect.Effect<A, E>,
  span: Tracer.Span
) => Effect.Effect<A, E>

/** What the limits of a service consist of. */
export interface Limits {
  readonly admit: Admit
  readonly retryBudget: RetryBudget
}

const unchecked = Effect.void

const check = (options: LimitOptions): Effect.Effect<unknown, InvalidArgument> => {
  const { adaptive, maxConcurrency, rateLimit, retryBudget } = options
  return Effect.all([
    rateLimit === undefined
      ? unchecked
      : Effect.zipRight(
          Arguments.options(rateLimit, "rateLimit"),
          Effect.suspend(() =>
            Effect.zipRight(
              Arguments.wholeNumber("rateLimit.limit", rateLimit.limit, 1),
              Arguments.positiveTime("rateLimit.interval", rateLimit.interval)
            )
          )
        ),
    maxConcurrency === undefined
      ? unchecked
      : Arguments.wholeNumber("maxConcurrency", maxConcurrency, 1),
    retryBudget === undefined
      ? unchecked
      : Effect.zipRight(
          Arguments.options(retryBudget, "retryBudget"),
          Effect.suspend(() =>
            Effect.zipRight(
              Arguments.optionalAmount("retryBudget.burst", retryBudget.burst),
              Arguments.optionalAmount("retryBudget.ratio", retryBudget.ratio)
            )
          )
        ),
    Arguments.optionalBoolean("adaptive", adaptive)
  ])
}

// A clock that nobody sets: with the time of day, one that is put back would stop all requests.
const millisOf = (clock: Clock.Clock) => Number(clock.unsafeCurrentTimeNanos()) / 1e6

// A timer that is to run longer never does.
const longestSleep = 2 ** 31 - 1

const makeAdmit = ({ adaptive = true, maxConcurrency, rateLimit }: LimitOptions): Admit => {
  const starts = rateLimit && makeStartTimes(rateLimit.limit, Duration.toMillis(rateLimit.interval))
  const places = maxConcurrency === undefined ? undefined : makeGate(maxConcurrency)
  // Only the first of those who wait looks at the time.
  const line = makeGate(1)
  let pace = Pace.free

  const note = (begunWith: number, error?: CallError): Effect.Effect<void> =>
    Effect.sync(() => {
      if (error !== undefined && isThrottled(error)) {
        pace = Pace.throttled(pace, begunWith)
      } else if (error === undefined || (error._tag === "ApiError" && !isRetryable(error))) {
        pace = Pace.answered(pace, begunWith)
      }
    })

  const turn: Effect.Effect<void> = Effect.clockWith((clock) => {
    const now = millisOf(clock)
    const wait = Math.max(starts?.due() ?? -Infinity, Pace.due(pace)) - now
    if (wait > 0) {
      // The gap may have grown in the meantime.
      const sleep = clock.sleep(Duration.millis(Math.min(Math.ceil(wait), longestSleep)))
      return Effect.zipRight(sleep, turn)
    }
    starts?.begin(now)
    pace = Pace.started(pace, now)
    return Effect.void
  })

  const isFree = () => starts === undefined && pace.gap === 0 && line.isOpen()

  return (request, span) => {
    if (places === undefined && isFree()) {
      const { slowings } = pace
      // Its success can tell nothing: there is no gap, or one that it is not an answer to.
      return adaptive ? Effect.tapError(request, (error) => note(slowings, error)) : request
    }
    const sent = Effect.clockWith((clock) => {
      span.event("sent", clock.unsafeCurrentTimeNanos())
      if (!adaptive) return request
      const { slowings } = pace
      return Effect.tapBoth(request, {
        onFailure: (error) => note(slowings, error),
        onSuccess: () => note(slowings)
      })
    })
    const inTurn = Effect.suspend(() =>
      isFree() ? sent : Effect.zipRight(line.through(turn), sent)
    )
    return places === undefined ? inTurn : places.through(inTurn)
  }
}

/** Builds the limits of one service, out of options that are checked here. */
export const makeLimits = (options: LimitOptions): Effect.Effect<Limits, InvalidArgument> =>
  Effect.map(check(options), () => ({
    admit: makeAdmit(options),
    retryBudget: makeRetryBudget(
      options.retryBudget?.burst ?? 100,
      options.retryBudget?.ratio ?? 0.2
    )
  }))
