/**
 * How much memory all bodies of a server take together that are read into it.
 *
 * A body is read before the key in it can be, so whoever reaches the server could have it hold as
 * much as they like: each body has its limit, but connections have none.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/**
 * All in bytes. Only tests change it.
 *
 * @since 0.1.0
 */
export interface Limits {
  /** What all bodies together may take. */
  readonly total: number
  /** The part of it that is kept for small bodies: a flood of large ones keeps no call out. */
  readonly keptForSmall: number
  /** How large a small body is at most. */
  readonly small: number
}

/**
 * @since 0.1.0
 */
export class BodyLimits extends Context.Reference<BodyLimits>()(
  "@effect-agentbay/node/local/http/BodyLimits",
  {
    defaultValue: (): Limits => ({
      total: 256 * 1024 * 1024,
      keptForSmall: 16 * 1024 * 1024,
      small: 64 * 1024
    })
  }
) {}

/**
 * What one body takes.
 *
 * @since 0.1.0
 */
export interface Hold {
  /** Takes a piece of so many bytes; false, and nothing is taken, when there is no room. */
  readonly take: (bytes: number) => boolean
  /** Gives all of it back; once more does nothing. */
  readonly giveBack: () => void
}

/**
 * @since 0.1.0
 */
export interface Service {
  /** For one body, of which nothing is there yet. */
  readonly hold: () => Hold
  /** The same, given back at the end of the scope. */
  readonly scoped: Effect.Effect<Hold, never, Scope.Scope>
}

/**
 * @since 0.1.0
 */
export class BodyBudget extends Context.Tag("@effect-agentbay/node/local/http/BodyBudget")<
  BodyBudget,
  Service
>() {}

/** What a piece takes beside its bytes: measured, 400 for one of a single byte. */
const pieceBytes = 512

/**
 * Makes one that nothing is taken of.
 *
 * @since 0.1.0
 */
export const make = ({ keptForSmall, small, total }: Limits): Service => {
  let taken = 0
  const hold = (): Hold => {
    let own = 0
    return {
      take: (bytes) => {
        const cost = bytes + pieceBytes
        const most = own + cost <= small ? total : total - keptForSmall
        if (taken + cost > most) return false
        taken += cost
        own += cost
        return true
      },
      giveBack: () => {
        taken -= own
        own = 0
      }
    }
  }
  return {
    hold,
    scoped: Effect.acquireRelease(Effect.sync(hold), ({ giveBack }) => Effect.sync(giveBack))
  }
}

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<BodyBudget> = Layer.effect(BodyBudget, Effect.map(BodyLimits, make))
