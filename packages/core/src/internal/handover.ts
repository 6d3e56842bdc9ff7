import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { timeLimit } from "./timeLimit.js"

/**
 * Runs a source of bytes in the caller's own fiber and hands what it gives to a reader, piece
 * by piece, no faster than the reader takes them. So the failure of the source keeps its
 * type, it is cleaned up before the caller goes on, and the time it takes to make the next
 * piece is not counted against the reader: the limit is for the time in which the reader
 * takes nothing, or does not end when it has everything.
 *
 * The first to end decides: a reader that ends before it has taken everything comes through
 * `onEarlyEnd`; a source that fails interrupts the reader.
 */
export const handedOver = <A, E, E2, E3>(options: {
  /** Gives `length` bytes, or fails. */
  readonly source: Stream.Stream<Uint8Array, E>
  readonly length: number
  readonly timeout: Duration.Duration
  readonly use: (pieces: Stream.Stream<Uint8Array>) => Effect.Effect<A, E2>
  readonly onTimeout: () => E2
  readonly onEarlyEnd: (value: A) => Effect.Effect<A, E3>
}): Effect.Effect<A, E | E2 | E3> =>
  Effect.acquireUseRelease(
    Queue.bounded<Uint8Array | undefined>(1),
    (queue) => {
      let taken = 0
      const hand = (piece: Uint8Array | undefined) =>
        timeLimit(options.timeout, options.onTimeout)(Queue.offer(queue, piece))
      const giving = Stream.runForEach(options.source, hand).pipe(
        Effect.zipRight(hand(undefined)),
        Effect.zipRight(Effect.sleep(options.timeout)),
        Effect.zipRight(Effect.failSync(options.onTimeout))
      )
      const pieces = Stream.repeatEffect(Queue.take(queue)).pipe(
        Stream.takeWhile(Predicate.isNotUndefined),
        Stream.map((piece) => {
          taken += piece.length
          return piece
        })
      )
      // Also where nothing can be interrupted, as in finalizers, the time limit holds.
      return Effect.raceFirst(
        Effect.interruptible(options.use(pieces)),
        Effect.interruptible(giving)
      ).pipe(
        Effect.flatMap((value) =>
          taken < options.length ? options.onEarlyEnd(value) : Effect.succeed(value)
        )
      )
    },
    Queue.shutdown
  )
