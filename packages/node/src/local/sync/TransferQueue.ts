/**
 * Who may transfer when. Transfers that could get into each other's way run one after the
 * other in the order they were asked for, and only so many run at once. Whatever else changes
 * stored files stands in the same queue.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * What a transfer touches.
 *
 * @since 0.1.0
 */
export interface Claim {
  /** Absent for what is done to stored files without a session. */
  readonly sessionId?: string
  readonly contextId: string
  /** Normal form; `/` is all that the context stores. */
  readonly mount: string
  readonly type: SyncMode
  /** It takes no time, so it does not count among those that run at once. */
  readonly brief?: boolean
}

/**
 * @since 0.1.0
 */
export interface Service {
  /** Waits until nothing stands in the way of the claim, then runs the effect. */
  readonly withTurn: <A, E, R>(
    claim: Claim,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/**
 * The queue of this server.
 *
 * @since 0.1.0
 */
export class TransferQueue extends Context.Tag("@effect-agentbay/node/local/sync/TransferQueue")<
  TransferQueue,
  Service
>() {}

const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder === "/" ? folder : `${folder}/`)

/**
 * Whether one path is the other, or lies above or below it. Both in normal form.
 *
 * @since 0.1.0
 */
export const overlaps = (one: string, other: string): boolean =>
  one === other || isBelow(one, other) || isBelow(other, one)

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

const isBrief = ({ claim }: Place): boolean => claim.brief === true

/**
 * How many transfers run at once. More would only make the disk seek.
 *
 * @since 0.1.0
 */
export const atOnce = 4

/**
 * Builds a queue that lets at most `limit` transfers run at once.
 *
 * @since 0.1.0
 */
export const make = (limit: number): Service => {
  const places: Array<Place> = []

  const callNext = () => {
    let running = places.filter((place) => place.running && !isBrief(place)).length
    for (const [index, place] of places.entries()) {
      if (place.running || (running >= limit && !isBrief(place))) continue
      const blocked = places
        .slice(0, index)
        .some((earlier) => conflicts(earlier.claim, place.claim))
      if (blocked) continue
      place.running = true
      if (!isBrief(place)) running++
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

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<TransferQueue> = Layer.sync(TransferQueue, () => make(atOnce))
