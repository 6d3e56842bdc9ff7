/**
 * Who may transfer when. Transfers that could get into each other's way run one after the
 * other in the order they were asked for, and only so many run at once. Whatever else changes
 * stored files stands in the same queue. Thousands may stand in it: a turn that ends costs
 * little more than those that it lets go on.
 *
 * @since 0.1.0
 */
import type { SyncMode } from "@effect-agentbay/core/ContextStatus"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClaimTree from "./ClaimTree.js"

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

interface Place {
  readonly claim: Claim
  /** Grows with every place. */
  readonly number: number
  readonly called: Deferred.Deferred<void>
  /** How many places it waits for. */
  blockers: number
  /** The places that wait for this one. */
  readonly waiting: Array<Place>
  state: "waiting" | "running" | "left"
}

const inOrder = (one: Place, other: Place): number => one.number - other.number

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
  const trees = new Map<string, ClaimTree.ClaimTree<Place>>()
  /** Those that nothing stands in the way of but the limit, in the order of asking. */
  const ready: Array<Place> = []
  const readyBriefs: Array<Place> = []
  let running = 0
  let asked = 0

  const call = (place: Place) => {
    place.state = "running"
    if (!isBrief(place)) running++
    Deferred.unsafeDone(place.called, Effect.void)
  }

  const callReady = () => {
    const called = ready.splice(0, Math.max(limit - running, 0))
    called.push(...readyBriefs.splice(0))
    for (const place of called.toSorted(inOrder)) call(place)
  }

  const makeReady = (place: Place) => {
    const among = isBrief(place) ? readyBriefs : ready
    const index = among.findLastIndex((other) => other.number < place.number)
    among.splice(index + 1, 0, place)
  }

  const join = (claim: Claim, called: Deferred.Deferred<void>): Place => {
    const place: Place = {
      claim,
      number: asked++,
      called,
      blockers: 0,
      waiting: [],
      state: "waiting"
    }
    const tree = trees.get(claim.contextId) ?? ClaimTree.make<Place>()
    trees.set(claim.contextId, tree)
    for (const blocker of tree.join(claim, place)) {
      blocker.waiting.push(place)
      place.blockers++
    }
    if (place.blockers === 0) makeReady(place)
    callReady()
    return place
  }

  /** What waits for the place goes on; those of them that have left already let others go on. */
  const release = (place: Place) => {
    const released = [place]
    for (let next = released.pop(); next !== undefined; next = released.pop()) {
      const { contextId } = next.claim
      const tree = trees.get(contextId)
      tree?.leave(next)
      if (tree?.isEmpty() === true) trees.delete(contextId)
      for (const waiting of next.waiting) {
        waiting.blockers--
        if (waiting.blockers > 0) continue
        if (waiting.state === "left") released.push(waiting)
        else makeReady(waiting)
      }
    }
  }

  const leave = (place: Place) => {
    const { state } = place
    place.state = "left"
    if (state === "running") {
      if (!isBrief(place)) running--
      release(place)
    } else if (place.blockers === 0) {
      ready.splice(ready.indexOf(place), 1)
      release(place)
    }
    // Else it keeps its place until its turn would have come: others may wait for it instead of
    // for what it waits for.
    callReady()
  }

  return {
    withTurn: (claim, effect) =>
      Effect.acquireUseRelease(
        Effect.map(Deferred.make<void>(), (called) => join(claim, called)),
        (place) => Effect.zipRight(Deferred.await(place.called), effect),
        (place) => Effect.sync(() => leave(place))
      )
  }
}

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<TransferQueue> = Layer.sync(TransferQueue, () => make(atOnce))
