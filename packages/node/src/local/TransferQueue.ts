/**
 * Who may transfer when. Transfers that could get into each other's way run one after the
 * other in the order they were asked for, and only so many run at once.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * What a transfer touches.
 *
 * @since 0.1.0
 */
export interface Claim {
  readonly sessionId: string
  readonly contextId: string
  /** Normal form. */
  readonly mount: string
  readonly type: SyncMode
}

/**
 * @since 0.1.0
 */
export interface TransferQueue {
  /** Waits until nothing stands in the way of the claim, then runs the effect. */
  readonly withTurn: <A, E, R>(
    claim: Claim,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/**
 * Whether one path is the other, or lies above or below it. Both in normal form.
 *
 * @since 0.1.0
 */
export const overlaps = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)

/**
 * Two transfers of one context conflict where their paths overlap, unless both only read
 * the store, for different sessions.
 */
const conflicts = (one: Claim, other: Claim): boolean =>
  one.contextId === other.contextId &&
  overlaps(one.mount, other.mount) &&
  (one.sessionId === other.sessionId || one.type === "upload" || other.type === "upload")

interface Place {
  readonly claim: Claim
  readonly called: Deferred.Deferred<void>
  running: boolean
}

/**
 * Builds a queue that lets at most `limit` transfers run at once.
 *
 * @since 0.1.0
 */
export const make = (limit: number): TransferQueue => {
  const places: Array<Place> = []

  const callNext = () => {
    let running = places.filter((place) => place.running).length
    for (const [index, place] of places.entries()) {
      if (running >= limit) return
      if (place.running) continue
      const blocked = places
        .slice(0, index)
        .some((earlier) => conflicts(earlier.claim, place.claim))
      if (blocked) continue
      place.running = true
      running++
      Deferred.unsafeDone(place.called, Effect.void)
    }
  }

  return {
    withTurn: (claim, effect) =>
      Effect.acquireUseRelease(
        Effect.map(Deferred.make<void>(), (called) => {
          const place: Place = { claim, called, running: false }
          places.push(place)
          callNext()
          return place
        }),
        (place) => Effect.zipRight(Deferred.await(place.called), effect),
        (place) =>
          Effect.sync(() => {
            places.splice(places.indexOf(place), 1)
            callNext()
          })
      )
  }
}
