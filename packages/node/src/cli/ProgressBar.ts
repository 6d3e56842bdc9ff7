/**
 * Shows on stderr how far a piece of work is: a bar drawn in place on a terminal, lines at
 * some steps elsewhere.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as ProgressLine from "./ProgressLine.js"
import { Screen } from "./Screen.js"
import * as Style from "./Style.js"

/**
 * Tells the bar how far the work is.
 *
 * @since 0.1.0
 */
export type Update = (counts: ProgressLine.Counts) => Effect.Effect<void>

/** How often the bar is drawn anew, so that the elapsed time is alive. */
const drawInterval = "100 millis"

const leastMillisBetweenLines = 1000

/** What has to change for another line where there is no terminal: a tenth, or the state. */
const stepOf = (counts: ProgressLine.Counts): string => {
  const part = ProgressLine.fraction(counts)
  return `${part === undefined ? "" : Math.floor(part * 10)} ${counts.state ?? ""}`
}

/**
 * Runs a piece of work under a bar with this label. Its last state stays on the screen,
 * however the work ends.
 *
 * @since 0.1.0
 */
export const during = <A, E, R>(
  label: string,
  work: (update: Update) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Screen> =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const started = yield* Clock.currentTimeMillis
    const latest = yield* Ref.make<ProgressLine.Counts>({})
    const { isTerminal } = yield* screen.stderr
    const progress = Effect.map(
      Effect.all([Ref.get(latest), Clock.currentTimeMillis]),
      ([counts, now]): ProgressLine.Progress => ({ ...counts, label, elapsedMillis: now - started })
    )
    const lineNow = (finished: boolean) =>
      Effect.zipWith(progress, screen.stderr, (current, surface) =>
        ProgressLine.bar(
          { ...current, finished },
          { columns: surface.columns - 1, style: Style.of(surface) }
        )
      )
    const draw = Effect.flatMap(lineNow(false), screen.draw)
    const say = Effect.flatMap(progress, (current) => screen.note(ProgressLine.words(current)))

    const said = yield* Ref.make({ step: stepOf({}), at: started })
    const sayWhenDue = (counts: ProgressLine.Counts) =>
      Effect.flatMap(Effect.all([Ref.get(said), Clock.currentTimeMillis]), ([last, now]) =>
        // The end is told when the work has ended, with the time it took.
        stepOf(counts) === last.step ||
        now - last.at < leastMillisBetweenLines ||
        ProgressLine.fraction(counts) === 1
          ? Effect.void
          : Effect.zipRight(Ref.set(said, { step: stepOf(counts), at: now }), say)
      )

    const update: Update = (counts) =>
      Effect.zipRight(Ref.set(latest, counts), isTerminal ? Effect.void : sayWhenDue(counts))

    const settle = (finished: boolean) =>
      isTerminal ? Effect.flatMap(lineNow(finished), ({ text }) => screen.note(text)) : say

    // A bar that never showed anything says nothing about a failure.
    const giveUp = (cause: Cause.Cause<unknown>) =>
      Effect.flatMap(Ref.get(latest), (counts) =>
        Cause.isInterruptedOnly(cause) || Object.keys(counts).length === 0
          ? screen.erase
          : settle(false)
      )

    // Not forked into a scope: the work may have a scope of its own, which outlives the bar.
    const animation = isTerminal ? Effect.repeat(draw, Schedule.spaced(drawInterval)) : Effect.never
    return yield* Effect.acquireUseRelease(
      Effect.fork(Effect.interruptible(animation)),
      () => work(update),
      Fiber.interrupt
    ).pipe(Effect.onExit((exit) => (Exit.isSuccess(exit) ? settle(true) : giveUp(exit.cause))))
  })
